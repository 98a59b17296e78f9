-- Says in one tag that a process lives, and lists what is due there.
-- KEYS: alive, then due of each channel. ARGV: name, start, microseconds that this holds, how many to list of each channel,
-- microseconds after which a silent name is forgotten. Returns {-1} when a newer process has the name, else {0, and for
-- each channel its members with their scores}.
local mine = redis.call('HGET', KEYS[1], ARGV[1])
if mine and string.match(mine, '^[^|]*') > ARGV[2] then return {-1} end
if not mine then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], '|(.*)')) + ARGV[5] < now then redis.call('HDEL', KEYS[1], all[i]) end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '|' .. string.format('%.0f', now + ARGV[3]))
local answer = {0}
if ARGV[4] == '0' then return answer end
for i = 2, #KEYS do
  answer[i] = redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[4])
end
return answer
