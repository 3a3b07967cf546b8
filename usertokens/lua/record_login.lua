--[[ Count today once among the days active and in the streak, and have the allowance come.
`days` in the stats marks the last 84 days, the day of the last log-in lowest: two numbers of 42 bits, "higher:lower".
KEYS  as ledger.lua (1–7), 8 last log-in (STRING)
ARGV  as ledger.lua, 9 today ("YYYY-MM-DD", the site's day), 10 its number since 1970, 11 the free plan
Returns {"ok", "1" when today is counted now, else "0", days active, streak, longest streak} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.activity
local last_login, today, today_number, free_plan = KEYS[8], ARGV[9], tonumber(ARGV[10]), ARGV[11]
local HALF = 4398046511104
local account = settled()
if not account then return {'closed'} end
close_settled(account)
local made = create_stats(stats_key, last_login, tombstone_key, today, free_plan)
local active, streak, longest, days = unpack(
  redis.call('HMGET', stats_key, 'days_active', 'login_streak', 'longest_streak', 'days'))
active, streak, longest = tonumber(active), tonumber(streak or 1), tonumber(longest or 1)
local last = redis.call('GET', last_login) or ''
local function day_number(text)
  -- Days since 1970, in eras of 400 years from 1 March; nil when it is no day.
  local year, month, day = string.match(text, '^(%d%d%d%d)-(%d%d)-(%d%d)$')
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if month <= 2 then year = year - 1 end
  local of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return year * 365 + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400) + of_year - 719468
end
local gap = today_number - (day_number(last) or -1000)
-- A clock that runs behind must not take a day back
-- (shown by tests/usertokens/test_activity.py::test_a_clock_behind_takes_nothing_back). Clocks and zones differ by two days
-- at most: a last day further ahead was written by a clock that ran ahead.
if made or (gap <= 0 and gap >= -2) then
  return with_low_balance(account, {'ok', made and '1' or '0', whole(active), whole(streak), whole(longest)})
end
if gap < 0 then gap = 84 end
active = active + 1
streak = gap == 1 and streak + 1 or 1
longest = math.max(longest, streak)
local higher, lower = string.match(days or '', '^(%d+):(%d+)$')
higher, lower = tonumber(higher or 0), tonumber(lower or 0)
for _ = 1, math.min(gap, 84) do
  higher = (higher * 2 + math.floor(lower * 2 / HALF)) % HALF
  lower = lower * 2 % HALF
end
redis.call('HSET', stats_key, 'days_active', active, 'login_streak', streak, 'longest_streak', longest,
  'days', whole(higher) .. ':' .. whole(lower + 1))
redis.call('SET', last_login, today)
return with_low_balance(account, {'ok', '1', whole(active), whole(streak), whole(longest)})
