--[[ Take over a figure from an older site; again and again, each time only what it has grown by.
KEYS  total (STRING), imported (HASH by source and figure), day (HASH; the imported's own key when the figure has no day)
ARGV  field of imported, value at the source (int), field of the day ("" = none), largest total (int), "1" to only look
Returns {"ok", what was added} | {"too_large"} ]]
local added = tonumber(ARGV[2]) - tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if added <= 0 then return {'ok', 0} end
if tonumber(redis.call('GET', KEYS[1]) or '0') + added > tonumber(ARGV[4]) then return {'too_large'} end
if ARGV[5] == '1' then return {'ok', string.format('%.0f', added)} end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if ARGV[3] ~= '' then redis.call('HINCRBY', KEYS[3], ARGV[3], string.format('%.0f', added)) end
redis.call('INCRBY', KEYS[1], string.format('%.0f', added))
return {'ok', string.format('%.0f', added)}
