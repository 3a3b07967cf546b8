--[[ Set all budgets of a user, those of the user's own or those of staff; the others stay. What was used before in this day
and month is counted from the journal.
KEYS  as ledger.lua (1–10), 11 reversed
ARGV  as ledger.lua, 9 "own" or "staff", 10 budgets (JSON [[action ("" = all), tokens a day, tokens a month (0 = none)], …]),
      11 id of the member of staff ("" = the user), 12 the archive's last entry that was read (0 = none), 13 what archived
      entries of this month spent (JSON [[entry, at (ms), tokens, action], …], back to the last reset)
Returns  {"behind"}, when more is in the archive by now | as budget_reply.lua, with "repeated" for "new" when it was done before | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.budgets
-- uses usertokens.budget_row
-- uses usertokens.budget_reply
-- uses usertokens.hold_row
local reversed = KEYS[11]
local whose, limits, staff = ARGV[9], cjson.decode(ARGV[10]), ARGV[11]
local archive_read, archive = tonumber(ARGV[12]), cjson.decode(ARGV[13])
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local archived = tonumber(redis.call('HGET', account_key, 'archived') or 0)
if archived > archive_read then return keep(account, {'behind'}) end
local store = budgets(account)
local caps = store.caps
store.roll()
local its_day, its_month = OWN_DAY, OWN_MONTH
if whose == 'staff' then its_day, its_month = STAFF_DAY, STAFF_MONTH end

-- What stood before: a budget whose limit changes tells anew, of what is spent from now on.
local before, limits_before, rows = {}, {}, {}
for _, row in ipairs(caps[ROWS]) do
  before[row[OF]] = {unpack(row)}
  store.each(row, function(period, limit) limits_before[period .. row[OF]] = limit end)
  row[its_day], row[its_month] = 0, 0
  rows[row[OF]] = row
end
local function row_of(action)
  rows[action] = rows[action] or {action, 0, 0, 0, 0, 0, 0, 0, 0, 0}
  return rows[action]
end
for _, limit in ipairs(limits) do
  local action, day, month = unpack(limit)
  local row = row_of(action)
  row[its_day], row[its_month] = day, month
end
local names = {}
for action, row in pairs(rows) do
  if row[OWN_DAY] + row[OWN_MONTH] + row[STAFF_DAY] + row[STAFF_MONTH] > 0 then names[#names + 1] = action end
end
table.sort(names)
caps[ROWS] = {}
for _, action in ipairs(names) do caps[ROWS][#caps[ROWS] + 1] = rows[action] end
if whose == 'staff' then caps[STAFF_AT], caps[STAFF_BY] = now, staff else caps[OWN_AT] = now end

if #names == 0 then
  set(account, 'caps', nil)
  return finish(account, reply_of(account, caps))
end
-- An entry may be in the archive and still in the journal.
local gone = {}
for _, one in ipairs(archive) do
  local number = unpack(one)
  if number <= archived then gone[#gone + 1] = one end
end
local oldest = redis.call('LINDEX', journal_key, 0)
do
  -- uses usertokens.entry_row
  -- Behind a reset nothing counts that was spent before it.
  local entry = oldest and {cmsgpack.unpack(oldest)} or {}
  if entry[KIND] == 'reset' then gone = {} end
end
store.count(reversed, gone)
local held = {}
local packed_holds = redis.call('HGETALL', holds_key)
for index = 2, #packed_holds, 2 do
  local hold = cmsgpack.unpack(packed_holds[index])
  local action = hold[HELD_ACTION] or ''
  held[action] = (held[action] or 0) + hold[HELD]
end
for _, row in ipairs(caps[ROWS]) do
  local was = before[row[OF]]
  row[ON_HOLD] = row[OF] ~= '' and held[row[OF]] or 0
  if was then row[DAY_NOTIFIED], row[MONTH_NOTIFIED] = was[DAY_NOTIFIED], was[MONTH_NOTIFIED] end
  store.each(row, function(period, limit, used_at, notified_at)
    if limits_before[period .. row[OF]] ~= limit then
      row[notified_at] = row[used_at] >= limit and 100 or row[used_at] * 100 >= limit * 80 and 80 or 0
    end
  end)
end
store.save()
return finish(account, reply_of(account, caps))
