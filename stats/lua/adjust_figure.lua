--[[ Change a total by hand, once for each id.
KEYS  total (STRING), mark of the id (STRING), adjustments (HASH)
ARGV  change (int), largest total (int), TTL of the mark (seconds), what is changed (figure and change, text),
      the field of the adjustments
Returns {"ok", total after the change, made now or before} | {"refused", total as it stays} | {"conflict"} ]]
local total, mark, adjustments = KEYS[1], KEYS[2], KEYS[3]
local change, largest, ttl, what, field = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local made = redis.call('GET', mark)
if made then
  local total_then, what_then = string.match(made, '^(%d+) (.*)$')
  if what_then ~= what then return {'conflict'} end
  return {'ok', total_then}
end
local before = redis.call('GET', total) or '0'
local after = tonumber(before) + tonumber(change)
if after < 0 or after > largest then return {'refused', before} end
redis.call('INCRBY', total, change)
redis.call('HINCRBY', adjustments, field, change)
local changed = redis.call('GET', total)
redis.call('SET', mark, changed .. ' ' .. what, 'EX', ttl)
return {'ok', changed}
