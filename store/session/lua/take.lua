-- Claims a chat that nobody alive plays, and tidies one whose time is over.
-- KEYS: chat, due, alive. ARGV: token, a token that is known to be nobody's.
-- Returns {0} for nothing to play, {0, token} for a chat that somebody plays, or {1, session, replies, turn, tries, inbox, address}.
local h = redis.call('HMGET', KEYS[1], 'c', 's', 'r', 'v', 't', 'q', 'a', 'e')
local claim, replies, inbox, tries = h[1] or '', h[3] or '', h[6] or '', tonumber(h[5] or 0)
if claim == '' and replies == '' and inbox == '' then
  if tonumber(h[8] or 0) <= now then
    redis.call('HDEL', KEYS[1], 's', 'f', 'a')
    redis.call('ZREM', KEYS[2], KEYS[1])
  end
  return {0}
end
if claim ~= '' and claim ~= ARGV[1] and claim ~= ARGV[2] then
  local boot, name = string.match(claim, '^([^|]*)|[^|]*|(.*)$')
  local start, till = string.match(redis.call('HGET', KEYS[3], name) or '', '^([^|]*)|(.*)$')
  if start == boot and tonumber(till) > now then
    redis.call('ZADD', KEYS[2], now, KEYS[1]) -- to the end: it must not stand before those that nobody plays
    return {0, claim}
  end
end
if claim ~= ARGV[1] then
  if claim ~= '' and inbox ~= '' and replies == '' then tries = tries + 1 end -- one that was given back was not tried
  redis.call('HSET', KEYS[1], 'c', ARGV[1], 't', tries)
  redis.call('PERSIST', KEYS[1])
  redis.call('ZADD', KEYS[2], now, KEYS[1])
end
return {1, h[2] or '', replies, h[4] or '0', tostring(tries), inbox, h[7] or ''}
