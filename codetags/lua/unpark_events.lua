--[[ Give parked hits another chance: back into the outbox, in front, with no tries against them.
KEYS  parked (LIST), outbox (LIST), state (HASH)
ARGV  how many at most (int)
Returns how many ]]
local moved = 0
for _ = 1, tonumber(ARGV[1]) do
  local entry = redis.call('RPOP', KEYS[1])
  if not entry then break end
  redis.call('LPUSH', KEYS[2], entry)
  moved = moved + 1
end
if moved > 0 then redis.call('HDEL', KEYS[3], 'failures', 'next') end
return moved
