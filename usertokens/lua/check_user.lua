--[[ Add up a ledger as it stands, changing nothing.
KEYS  1 account (HASH), 2 grants (HASH), 3 burn (ZSET), 4 holds (HASH), 5 journal (LIST)
ARGV  now (ms, "" = the server's clock)
Returns {balance, held, debt, entries, archived, sum left in grants, sum of open holds, sum of the journal, balance before the journal,
        what does not fit, …} ]]
local row = redis.call('HMGET', KEYS[1], 'balance', 'held', 'debt', 'entries', 'archived', 'left', 'first', 'starts')
local function number(index) return tonumber(row[index] or 0) end
local wrong = {}
local left, held, sum = number(6), 0, 0
local now = tonumber(ARGV[1]) or tonumber(redis.call('TIME')[1]) * 1000
-- An hour is what two clocks may differ by.
if number(8) > now + 3600000 then
  wrong[#wrong + 1] = 'its period begins in the future: the clock ran ahead, usertokens_recharge puts it right'
end
local waiting = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do waiting[tonumber(member)] = true end
local grants = redis.call('HGETALL', KEYS[2])
for index = 1, #grants, 2 do
  local grant = cmsgpack.unpack(grants[index + 1])
  left = left + grant[6]
  if (grant[6] > 0) ~= (waiting[grant[1]] or false) then wrong[#wrong + 1] = 'grant ' .. grant[1] .. ' is not in its place' end
  waiting[grant[1]] = nil
  if grant[6] < 0 then wrong[#wrong + 1] = 'grant ' .. grant[1] .. ' is below zero' end
end
if next(waiting) then wrong[#wrong + 1] = 'a waiting grant is missing' end
if number(6) > 0 and not row[7] then wrong[#wrong + 1] = 'the first grant is missing' end
if number(3) > 0 and left > 0 then wrong[#wrong + 1] = 'there is debt beside tokens' end
for _, packed in ipairs(redis.call('HVALS', KEYS[4])) do held = held + cmsgpack.unpack(packed)[1] end
local before, balance, expected = 0, nil, number(5) + 1
local length = redis.call('LLEN', KEYS[5])
for start = 0, length - 1, 500 do
  for _, packed in ipairs(redis.call('LRANGE', KEYS[5], start, start + 499)) do
    local entry = {cmsgpack.unpack(packed)}
    if not balance then
      before = entry[5] - entry[4]
      balance = before
    end
    balance = balance + entry[4]
    sum = sum + entry[4]
    if entry[1] ~= expected then wrong[#wrong + 1] = 'entry ' .. expected .. ' is missing' end
    if entry[5] ~= balance then wrong[#wrong + 1] = 'entry ' .. entry[1] .. ' does not follow from the one before' end
    expected, balance = entry[1] + 1, entry[5]
  end
end
if expected ~= number(4) + 1 then wrong[#wrong + 1] = 'the journal ends at ' .. (expected - 1) end
local answer = {}
for index, value in ipairs({number(1), number(2), number(3), number(4), number(5), left, held, sum, balance and before or number(1)}) do
  answer[index] = string.format('%.0f', value)
end
for index = 1, math.min(#wrong, 5) do answer[#answer + 1] = wrong[index] end
return answer
