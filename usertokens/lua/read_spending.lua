--[[ What was spent in the journal, by day, and without an action by reason. Found by halving; changes nothing.
KEYS  journal (LIST)
ARGV  reasons are counted from (ms), then moments (ms, ascending: the beginning of each day, and the end of the last)
Returns {number of the first entry here (0 = none), its time (ms), tokens given back then, {tokens of each day, …},
        {reason, tokens, how often, …}, "1" when an action was used then (else "")} ]]
-- uses usertokens.entry_row
local journal = KEYS[1]
local reasons_from = tonumber(ARGV[1])
local FIRST_MOMENT = 2
-- Entries of one read: a journal may be long.
local CHUNK = 500
local function whole(number) return string.format('%.0f', number) end
local entries = redis.call('LLEN', journal)
local function entry(index) return {cmsgpack.unpack(redis.call('LINDEX', journal, index))} end
local given_back, by_day, reasons, by_reason, named = 0, {}, {}, {}, ''
local days = #ARGV - FIRST_MOMENT
local function begins(day) return tonumber(ARGV[FIRST_MOMENT + day - 1]) end
for day = 1, days do by_day[day] = 0 end
if entries == 0 then return {'0', '0', '0', by_day, {}, ''} end
local first = entry(0)

local low, high = 0, entries
while low < high do
  local middle = math.floor((low + high) / 2)
  if entry(middle)[AT] < begins(1) then low = middle + 1 else high = middle end
end
local function spent(row)
  if row[KIND] == 'spend' then return -row[CHANGE] end
  if row[KIND] ~= 'capture' then return 0 end
  local used, sum = row[USED] or {}, 0
  for place = 2, #used, 2 do sum = sum + used[place] end
  return sum
end
local day = 1
for start = low, entries - 1, CHUNK do
  if day > days then break end
  for _, packed in ipairs(redis.call('LRANGE', journal, start, start + CHUNK - 1)) do
    local row = {cmsgpack.unpack(packed)}
    while day <= days and row[AT] >= begins(day + 1) do day = day + 1 end
    -- Behind the last day.
    if day > days then break end
    do
      local tokens = spent(row)
      if row[KIND] == 'reverse' and row[AT] >= reasons_from then given_back = given_back + row[CHANGE] end
      if row[ACTION] and row[AT] >= reasons_from and (row[KIND] == 'spend' or row[KIND] == 'capture') then named = '1' end
      if tokens > 0 then
        by_day[day] = by_day[day] + tokens
        local reason = row[REASON]
        if row[AT] >= reasons_from and not row[ACTION] then
          if not by_reason[reason] then
            by_reason[reason] = {0, 0}
            reasons[#reasons + 1] = reason
          end
          local sum, times = unpack(by_reason[reason])
          by_reason[reason] = {sum + tokens, times + 1}
        end
      end
    end
  end
end
local sums, list = {}, {}
for index, tokens in ipairs(by_day) do sums[index] = whole(tokens) end
for _, reason in ipairs(reasons) do
  local sum, times = unpack(by_reason[reason])
  list[#list + 1] = reason
  list[#list + 1] = whole(sum)
  list[#list + 1] = whole(times)
end
return {whole(first[ENTRY]), whole(first[AT]), whole(given_back), sums, list, named}
