-- Ends the heartbeat of a process. KEYS: alive. ARGV: name, start.
local mine = redis.call('HGET', KEYS[1], ARGV[1])
if mine and string.match(mine, '^[^|]*') == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0
