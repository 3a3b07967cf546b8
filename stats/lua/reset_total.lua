--[[ Remove a total, and note what was taken away, so that the counter made of both stays as it is.
KEYS  total (STRING), adjustments (HASH)
ARGV  the total's field of the adjustments
Returns how many keys were removed (int) ]]
local total, adjustments = KEYS[1], KEYS[2]
local field = ARGV[1]
local before = redis.call('GET', total)
if not before then return 0 end
if before ~= '0' then redis.call('HINCRBY', adjustments, field, '-' .. before) end
return redis.call('DEL', total)
