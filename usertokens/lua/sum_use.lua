--[[ What entries of the journal spent, by quarter of an hour and action. Reads only; entries in the archive are left out.
KEYS  account (HASH), journal (LIST), tombstone
ARGV  the last entry that was read before, how many entries to read, entries before this moment are skipped (ms, 0 = none),
      the last entry to read ("" = the newest)
Returns {"ok", the last entry read, the last entry in the archive, the newest entry,
        quarter of an hour since 1970, action ("" = none), times, quantity, tokens, …} | {"closed"} ]]
-- uses usertokens.entry_row
local account, journal, tombstone = KEYS[1], KEYS[2], KEYS[3]
local after, count, not_before, through = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
-- Days of every time zone begin on one.
local QUARTER = 900000
-- Entries of one read: a journal may be long.
local CHUNK = 500
local function whole(number) return string.format('%.0f', number) end
local newest, archived = unpack(redis.call('HMGET', account, 'entries', 'archived'))
if not newest and redis.call('EXISTS', tombstone) == 1 then return {'closed'} end
newest, archived = tonumber(newest or 0), tonumber(archived or 0)
local length = redis.call('LLEN', journal)
if through then length = math.max(math.min(length, through - archived), 0) end
local first = math.min(math.max(after - archived, 0), length)
if not_before > 0 then
  local high = length
  while first < high do
    local middle = math.floor((first + high) / 2)
    local entry = {cmsgpack.unpack(redis.call('LINDEX', journal, middle))}
    if entry[AT] < not_before then first = middle + 1 else high = middle end
  end
end
local last = math.min(first + count, length)

-- Tokens that the entry took for good; nil when it is no use of any.
local function spent(entry)
  if entry[KIND] == 'spend' then return -entry[CHANGE] end
  if entry[KIND] ~= 'capture' then return nil end
  local used, sum = entry[USED] or {}, 0
  for place = 2, #used, 2 do sum = sum + used[place] end
  if sum == 0 and not entry[ACTION] then return nil end
  return sum
end

local sums, order = {}, {}
for start = first, last - 1, CHUNK do
  for _, packed in ipairs(redis.call('LRANGE', journal, start, math.min(start + CHUNK, last) - 1)) do
    local entry = {cmsgpack.unpack(packed)}
    local tokens = spent(entry)
    if tokens then
      local action = entry[ACTION] or ''
      local name = whole(math.floor(entry[AT] / QUARTER)) .. ' ' .. action
      local sum = sums[name]
      if not sum then
        sum = {quarter = math.floor(entry[AT] / QUARTER), action = action, times = 0, quantity = 0, tokens = 0}
        sums[name] = sum
        order[#order + 1] = sum
      end
      sum.times = sum.times + 1
      sum.quantity = sum.quantity + (entry[QUANTITY] or 1)
      sum.tokens = sum.tokens + tokens
    end
  end
end
local answer = {'ok', whole(archived + last), whole(archived), whole(newest)}
for _, sum in ipairs(order) do
  answer[#answer + 1] = whole(sum.quarter)
  answer[#answer + 1] = sum.action
  answer[#answer + 1] = whole(sum.times)
  answer[#answer + 1] = whole(sum.quantity)
  answer[#answer + 1] = whole(sum.tokens)
end
return answer
