-- Keeps the replies that remain. When the caller has nothing left it frees the chat or hands over what came meanwhile.
-- KEYS: chat, due. ARGV: token, turn, replies, 1 when the caller has nothing left, and what rest is given.
-- Returns {0} for a free chat, {1, inbox}, or {-1} when the claim is lost. Who freed the chat is told so again.
local h = redis.call('HMGET', KEYS[1], 'c', 'v', 'q', 'f', 'd')
if h[1] ~= ARGV[1] then
  if h[5] == ARGV[1] then return {0} end
  return {-1}
end
if (h[2] or '0') ~= ARGV[2] then return {-1} end
if ARGV[4] ~= '1' or (h[3] or '') ~= '' then
  redis.call('HSET', KEYS[1], 'r', ARGV[3])
  return {1, ARGV[4] == '1' and h[3] or ''}
end
rest(KEYS[1], KEYS[2], ARGV[1], h[4], ARGV[5], ARGV[6], ARGV[7])
return {0}
