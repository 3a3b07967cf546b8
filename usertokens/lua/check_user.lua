--[[ Add up a ledger as it stands, changing nothing.
KEYS  account (HASH), grants (HASH), burn (ZSET), holds (HASH), journal (LIST)
ARGV  now (ms, "" = the server's clock)
Returns {balance, held, debt, entries, archived, sum left in grants, sum of open holds, sum of the journal, balance before
        the journal, what does not fit, …} ]]
-- uses usertokens.grant_row
-- uses usertokens.hold_row
-- uses usertokens.entry_row
local account, grants, burn, holds, journal = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now = tonumber(ARGV[1])
local HOUR = 3600000
-- Entries of one read: a journal may be long.
local CHUNK = 500
local balance, held, debt, entries, archived, left, first, starts = unpack(
  redis.call('HMGET', account, 'balance', 'held', 'debt', 'entries', 'archived', 'left', 'first', 'starts'))
balance, held, debt, entries = tonumber(balance or 0), tonumber(held or 0), tonumber(debt or 0), tonumber(entries or 0)
archived, left, starts = tonumber(archived or 0), tonumber(left or 0), tonumber(starts or 0)
local wrong = {}
now = now or redis.call('TIME')[1] * 1000
-- An hour is what two clocks may differ by.
if starts > now + HOUR then
  wrong[#wrong + 1] = 'its period begins in the future: the clock ran ahead, usertokens_recharge puts it right'
end

local left_in_all = left
local waiting = {}
for _, member in ipairs(redis.call('ZRANGE', burn, 0, -1)) do waiting[tonumber(member)] = true end
for _, packed in ipairs(redis.call('HVALS', grants)) do
  local grant = cmsgpack.unpack(packed)
  local id, remaining = grant[ID], grant[REMAINING]
  left_in_all = left_in_all + remaining
  if (remaining > 0) ~= (waiting[id] or false) then wrong[#wrong + 1] = 'grant ' .. id .. ' is not in its place' end
  waiting[id] = nil
  if remaining < 0 then wrong[#wrong + 1] = 'grant ' .. id .. ' is below zero' end
end
if next(waiting) then wrong[#wrong + 1] = 'a waiting grant is missing' end
if left > 0 and not first then wrong[#wrong + 1] = 'the first grant is missing' end
if debt > 0 and left_in_all > 0 then wrong[#wrong + 1] = 'there is debt beside tokens' end
local held_in_all = 0
for _, packed in ipairs(redis.call('HVALS', holds)) do held_in_all = held_in_all + cmsgpack.unpack(packed)[HELD] end

local sum, before, running, expected = 0, 0, nil, archived + 1
for start = 0, redis.call('LLEN', journal) - 1, CHUNK do
  for _, packed in ipairs(redis.call('LRANGE', journal, start, start + CHUNK - 1)) do
    local entry = {cmsgpack.unpack(packed)}
    local number, change, after = entry[ENTRY], entry[CHANGE], entry[BALANCE]
    if not running then
      before = after - change
      running = before
    end
    running = running + change
    sum = sum + change
    if number ~= expected then wrong[#wrong + 1] = 'entry ' .. expected .. ' is missing' end
    if after ~= running then wrong[#wrong + 1] = 'entry ' .. number .. ' does not follow from the one before' end
    expected, running = number + 1, after
  end
end
if expected ~= entries + 1 then wrong[#wrong + 1] = 'the journal ends at ' .. (expected - 1) end

local answer = {}
local figures = {balance, held, debt, entries, archived, left_in_all, held_in_all, sum, running and before or balance}
for index, value in ipairs(figures) do answer[index] = string.format('%.0f', value) end
for index = 1, math.min(#wrong, 5) do answer[#answer + 1] = wrong[index] end
return answer
