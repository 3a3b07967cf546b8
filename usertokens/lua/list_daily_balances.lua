--[[ The balance at several moments, found in the journal by halving.
KEYS  journal (LIST)
ARGV  the moments (ms), ascending
Returns {balance, …}, one for each moment; "" where the journal does not reach back so far ]]
local entries = redis.call('LLEN', KEYS[1])
local answer, from = {}, 0
local function entry(index) return {cmsgpack.unpack(redis.call('LINDEX', KEYS[1], index))} end
-- Before a journal's very first entry there was nothing; before the first that is still here there is an archive.
local start = entries > 0 and entry(0)[1] == 1 and '0' or ''
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
