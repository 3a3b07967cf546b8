--[[ Give parked hits another chance: back into the outbox, in front, with no tries against them.
KEYS  parked (LIST), outbox (LIST), state (HASH)
ARGV  how many at most (int)
Returns how many ]]
local parked, outbox, state, most = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1])
local moved = 0
for _ = 1, most do
  local entry = redis.call('RPOP', parked)
  if not entry then break end
  redis.call('LPUSH', outbox, entry)
  moved = moved + 1
end
if moved > 0 then redis.call('HDEL', state, 'failures', 'next') end
return moved
