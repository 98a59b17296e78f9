-- rest leaves a chat with nothing to play to itself. plain and long are the microseconds that its session is kept, without
-- and with a draft; ids the milliseconds that its seen ids are. It stands in the index at the time when it is to be tidied.
local function rest(chat, due, token, draft, plain, long, ids)
  local expires = now + (draft == '1' and long or plain)
  redis.call('HSET', chat, 'c', '', 'r', '', 't', 0, 'd', token, 'e', string.format('%.0f', expires))
  redis.call('ZADD', due, expires, chat)
  redis.call('PEXPIRE', chat, ids)
end
