--[[ Where in the ranking, most hits first, the page after a cursor begins; the code itself may have moved on or be gone.
KEYS  rank (ZSET)
ARGV  hits (int), code
Returns how many codes stand before it ]]
-- By bytes, as the server sorts members; Lua's own < follows the server's locale.
local function stands_after(code, other)
  for place = 1, #code do
    local one, two = string.byte(code, place), string.byte(other, place) or -1
    if one ~= two then return one < two end
  end
  return #code < #other
end
-- Codes of one count stand in reverse alphabetical order: look for the first below the cursor, by halving.
local low = redis.call('ZCOUNT', KEYS[1], '(' .. ARGV[1], '+inf')
local high = redis.call('ZCOUNT', KEYS[1], ARGV[1], '+inf')
while low < high do
  local middle = math.floor((low + high) / 2)
  local code = redis.call('ZREVRANGE', KEYS[1], middle, middle)[1]
  if stands_after(code, ARGV[2]) then high = middle else low = middle + 1 end
end
return low
