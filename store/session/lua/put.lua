-- Consumes the first update of the inbox and keeps what it led to.
-- KEYS: chat, aside. ARGV: token, turn, session, replies, draft, reason to set the update aside or '', most that are aside,
-- milliseconds that they are kept. Returns 1, or -1 when the claim is lost.
local h = redis.call('HMGET', KEYS[1], 'c', 'v', 'q', 'n', 'x')
if h[1] ~= ARGV[1] then return -1 end
local turn, inbox = tonumber(h[2] or 0), h[3] or ''
if turn == ARGV[2] + 1 then return 1 end
if turn ~= tonumber(ARGV[2]) or inbox == '' then return -1 end
local a, b, c, d = string.byte(inbox, 1, 4)
local size = ((a * 256 + b) * 256 + c) * 256 + d
local update, flooded = string.sub(inbox, 5, 4 + size), h[5]
if string.sub(update, 1, 1) == '!' then flooded = '' end
if ARGV[6] ~= '' then
  redis.call('LPUSH', KEYS[2], cjson.encode({chat = KEYS[1], reason = ARGV[6], at = math.floor(now / 1000000), update = update}))
  redis.call('LTRIM', KEYS[2], 0, ARGV[7] - 1)
  redis.call('PEXPIRE', KEYS[2], ARGV[8])
end
redis.call('HSET', KEYS[1], 's', ARGV[3], 'r', ARGV[4], 'f', ARGV[5], 'v', turn + 1, 't', 0,
  'q', string.sub(inbox, 5 + size), 'n', h[4] - 1, 'x', flooded or '')
return 1
