--[[ Take over a figure from an older site. It may be repeated: each time only the growth since the last one is added.
KEYS  total (STRING), imported (HASH by source and figure), day (HASH; the key of imported when the figure has no day)
ARGV  field of imported, value at the source (int), field of the day ("" = none), largest total (int), "1" to only look
Returns {"ok", what was added} | {"too_large"} ]]
local total, imported, day = KEYS[1], KEYS[2], KEYS[3]
local field, value, day_field, largest, is_dry = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
local added = tonumber(value) - tonumber(redis.call('HGET', imported, field) or '0')
if added <= 0 then return {'ok', 0} end
if tonumber(redis.call('GET', total) or '0') + added > largest then return {'too_large'} end
-- Text: a number of Lua's is a double, which a reply cuts and a command would spell with an exponent.
local growth = string.format('%.0f', added)
if is_dry then return {'ok', growth} end
redis.call('HSET', imported, field, value)
if day_field ~= '' then redis.call('HINCRBY', day, day_field, growth) end
redis.call('INCRBY', total, growth)
return {'ok', growth}
