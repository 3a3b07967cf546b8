--[[ The balance at several moments, found in the journal by halving.
KEYS  account (HASH), journal (LIST)
ARGV  the moments (ms), ascending
Returns {balance, …}, one for each moment; "" where the journal does not reach back so far ]]
local entries = redis.call('LLEN', KEYS[2])
local answer, from = {}, 0
local function entry(index) return {cmsgpack.unpack(redis.call('LINDEX', KEYS[2], index))} end
local start = ''
if entries > 0 then
  local first = entry(0)
  start = (redis.call('HEXISTS', KEYS[1], 'archived') == 1 or first[1] == 1) and string.format('%.0f', first[5] - first[4]) or ''
end
for number, moment in ipairs(ARGV) do
  local low, high = from, entries
  while low < high do
    local middle = math.floor((low + high) / 2)
    if entry(middle)[2] <= tonumber(moment) then low = middle + 1 else high = middle end
  end
  from = low
  answer[number] = low > 0 and string.format('%.0f', entry(low - 1)[5]) or start
end
return answer
