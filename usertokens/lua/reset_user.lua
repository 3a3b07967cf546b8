--[[ Stats and balance as on the first day. The journal must be in the archive; the keys of money-backed grants stay, void.
A plan that billing has set stays with its period, and the balance is as on that plan's first day.
KEYS  as ledger.lua (1–10), 11 last log-in (STRING), 12 reversed, 13 sources, 14 moods
ARGV  as ledger.lua, 9 the archive reaches to this entry, 10 today ("YYYY-MM-DD", the site's day), 11 the free plan
Returns {"ok", "new" | "repeated", at (ms), balance, held, debt, allowance, starts (ms), ends (ms), last log-in,
        field, value, … of the stats} | {"behind"} | {"held"} | {"conflict"} | {"closed"}: the first day as it was then, also when repeated ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.activity
-- uses usertokens.period_row
-- uses usertokens.source_row
local last_login, reversed, sources_key, moods = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local archived_to, today, free_plan = tonumber(ARGV[9]), ARGV[10], ARGV[11]
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
account.is_taken_back = true
if account.held > 0 or account.entries ~= archived_to then
  return keep(account, {account.held > 0 and 'held' or 'behind'})
end
-- Billing sends the plan and its periods again only when they change: without them here, what was paid for would be missing.
local version, anchor, paid, periods_then, billed = unpack(
  redis.call('HMGET', account_key, 'observation', 'anchor', 'paid', 'periods', 'billed'))
local plan = version and redis.call('HGET', stats_key, 'plan')
local sources = redis.call('HGETALL', sources_key)
for index = 1, #sources, 2 do
  local source = cmsgpack.unpack(sources[index + 1])
  source[FROZEN], source[SOURCE_VOID] = 0, 1
  redis.call('HSET', sources_key, sources[index], cmsgpack.pack(source))
end
redis.call('DEL', account_key, grants_key, burn_key, holds_key, journal_key, stats_key,
  last_login, reversed, moods, unpack(KEYS, FIRST_WEEK, FIRST_WEEK + 2))
create_stats(stats_key, last_login, tombstone_key, today, free_plan)
if plan then redis.call('HSET', stats_key, 'plan', plan) end
set(account, 'archived', account.entries)
if version then
  local list = {}
  for _, period in ipairs(periods_then and cmsgpack.unpack(periods_then) or {}) do
    -- The plan's own period brings its tokens once more; any other has brought them, and is gone with the balance.
    local is_own = #list == 0 and billed == '1'
    if period[PERIOD] ~= CALENDAR then
      list[#list + 1] = {period[PERIOD], period[PLAN], period[STARTS], period[ENDS], 0, 0, is_own and 0 or 1}
    end
  end
  for name, value in pairs({observation = version, anchor = anchor, paid = paid, billed = billed,
    periods = #list > 0 and cmsgpack.pack(list)}) do
    if value then redis.call('HSET', account_key, name, value) end
  end
end
set(account, 'grants', account.grants)
set(account, 'watch', account.watch)
if account.caps then
  -- Budgets stay; nothing of them is used.
  -- uses usertokens.budgets
  budgets(account).clear()
end
account.debt, account.left, account.first, account.due = 0, 0, nil, 0
enter(account, 'reset', -account.balance, {}, nil, reason, key, actor)
do
  -- uses usertokens.settle
  settle(account)
end
local answer = {'ok', 'new', whole(now), whole(account.balance), whole(account.held), whole(account.debt),
  whole(account.allowance), whole(account.starts), whole(account.ends), today}
for _, text in ipairs(redis.call('HGETALL', stats_key)) do answer[#answer + 1] = text end
return finish(account, answer)
