-- Gives a claim back as it is. KEYS: chat, due. ARGV: token, and what rest is given.
local h = redis.call('HMGET', KEYS[1], 'c', 'q', 'r', 'f')
if h[1] ~= ARGV[1] then return 0 end
if (h[2] or '') == '' and (h[3] or '') == '' then
  rest(KEYS[1], KEYS[2], ARGV[1], h[4], ARGV[2], ARGV[3], ARGV[4])
else
  redis.call('HSET', KEYS[1], 'c', '')
end
return 0
