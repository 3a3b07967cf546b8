--[[ Where in the ranking, most hits first, the page after a cursor begins; the code itself may have moved on or be gone.
KEYS  rank (ZSET)
ARGV  hits (int), code
Returns how many codes stand before it ]]
local rank, hits, cursor = KEYS[1], ARGV[1], ARGV[2]
-- By bytes, as the server sorts members; Lua's own < follows the server's locale.
local function stands_after(code, other)
  for place = 1, #code do
    local one, two = string.byte(code, place), string.byte(other, place) or -1
    if one ~= two then return one < two end
  end
  return #code < #other
end
-- Codes with the same count stand in reverse alphabetical order. A binary search finds the first one below the cursor.
local low = redis.call('ZCOUNT', rank, '(' .. hits, '+inf')
local high = redis.call('ZCOUNT', rank, hits, '+inf')
while low < high do
  local middle = math.floor((low + high) / 2)
  local code = redis.call('ZREVRANGE', rank, middle, middle)[1]
  if stands_after(code, cursor) then high = middle else low = middle + 1 end
end
return low
