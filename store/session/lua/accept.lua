-- Appends what a chat has not seen and claims the chat when something is new and nobody plays it.
-- KEYS: chat, due. ARGV: token, sealed address, largest inbox, bytes of ids to remember, then id and framed update of each.
-- Returns {0}, or {1, session, replies, turn, tries, inbox as it was, marker, places of the updates that were kept}.
local h = redis.call('HMGET', KEYS[1], 'c', 's', 'r', 'v', 't', 'q', 'i', 'n', 'x', 'e')
local claim, session, replies, inbox, seen = h[1] or '', h[2] or '', h[3] or '', h[6] or '', h[7] or ''
local waiting, flooded = tonumber(h[8] or 0), h[9] == '1'
local new, marker, kept = '', '', {}
for i = 5, #ARGV, 2 do
  local id = ',' .. ARGV[i]
  if not string.find(seen, id, 1, true) then
    seen = seen .. id
    if waiting < tonumber(ARGV[3]) then
      new = new .. ARGV[i + 1]
      kept[#kept + 1] = (i - 5) / 2
      waiting = waiting + 1
    elseif not flooded then
      marker, flooded = string.format('!%.0f', now), true
      new = new .. '\0\0\0' .. string.char(#marker) .. marker
      waiting = waiting + 1
    end
  end
end
local again = claim == ARGV[1]
if seen == (h[7] or '') and not again then return {0} end
seen = string.sub(seen, -ARGV[4])
redis.call('HSET', KEYS[1], 'q', inbox .. new, 'i', seen, 'n', waiting, 'x', flooded and '1' or '')
if not again and (claim ~= '' or new == '') then return {0} end
if not again then
  if inbox == '' and replies == '' and tonumber(h[10] or 0) <= now then session = '' end
  redis.call('HSET', KEYS[1], 'c', ARGV[1], 'a', ARGV[2], 's', session)
  redis.call('PERSIST', KEYS[1])
  redis.call('ZADD', KEYS[2], now, KEYS[1])
end
local answer = {1, session, replies, h[4] or '0', h[5] or '0', inbox, marker}
for i = 1, #kept do answer[#answer + 1] = kept[i] end
return answer
