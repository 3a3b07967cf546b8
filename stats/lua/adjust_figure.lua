--[[ Change a total by hand.
KEYS  total (STRING)
ARGV  change (int), largest total (int)
Returns {"ok", total} | {"refused", total as it stays} ]]
local total = redis.call('GET', KEYS[1]) or '0'
local after = tonumber(total) + tonumber(ARGV[1])
if after < 0 or after > tonumber(ARGV[2]) then return {'refused', total} end
return {'ok', redis.call('INCRBY', KEYS[1], ARGV[1])}
