--[[ Change a total by hand, once for each id.
KEYS  total (STRING), mark of the id (STRING)
ARGV  change (int), largest total (int), TTL of the mark (seconds), what is changed (figure and change, text)
Returns {"ok", total after the change, made now or before} | {"refused", total as it stays} | {"conflict"} ]]
local made = redis.call('GET', KEYS[2])
if made then
  local total, what = string.match(made, '^(%d+) (.*)$')
  if what ~= ARGV[4] then return {'conflict'} end
  return {'ok', total}
end
local total = redis.call('GET', KEYS[1]) or '0'
local after = tonumber(total) + tonumber(ARGV[1])
if after < 0 or after > tonumber(ARGV[2]) then return {'refused', total} end
redis.call('INCRBY', KEYS[1], ARGV[1])
total = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[2], total .. ' ' .. ARGV[4], 'EX', ARGV[3])
return {'ok', total}
