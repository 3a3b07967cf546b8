--[[ The balance at several moments, found in the journal by halving.
KEYS  journal (LIST)
ARGV  any number of moments (ms, ascending)
Returns {balance, …}, one for each moment; "" where the journal does not reach back so far ]]
-- uses usertokens.entry_row
local journal, moments = KEYS[1], ARGV
local entries = redis.call('LLEN', journal)
local answer, from = {}, 0
local function entry(index) return {cmsgpack.unpack(redis.call('LINDEX', journal, index))} end
-- Before a journal's very first entry there was nothing; before the first that is still here there is an archive.
local start = entries > 0 and entry(0)[ENTRY] == 1 and '0' or ''
for number, moment in ipairs(moments) do
  local low, high = from, entries
  while low < high do
    local middle = math.floor((low + high) / 2)
    if entry(middle)[AT] <= tonumber(moment) then low = middle + 1 else high = middle end
  end
  from = low
  answer[number] = low > 0 and string.format('%.0f', entry(low - 1)[BALANCE]) or start
end
return answer
