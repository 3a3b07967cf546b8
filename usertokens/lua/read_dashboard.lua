--[[ Everything of a user that the dashboard shows, made or settled first when it is due.
KEYS  as ledger.lua (1–7), 8 last log-in (STRING)
ARGV  as ledger.lua, 9 today ("YYYY-MM-DD", the site's day), 10 the free plan
Returns {"ok", balance, held, debt, allowance, starts (ms), ends (ms), "1" while the balance is low and the user has not put
        the note away (else ""), budgets as budget_reply.lua has them (empty = none), last log-in, field, value, … of the stats} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.activity
local last_login, today, free_plan = KEYS[8], ARGV[9], ARGV[10]
local account = settled()
if not account or create_stats(stats_key, last_login, tombstone_key, today, free_plan) == nil then return {'closed'} end
close_settled(account)
local set_budgets = {}
if account.caps then
  -- uses usertokens.budgets
  -- uses usertokens.budget_reply
  local store = budgets(account)
  store.roll()
  set_budgets = reply_of(account, store.caps)
end
local allowance, starts, ends, seen = unpack(redis.call('HMGET', account_key, 'allowance', 'starts', 'ends', 'seen'))
local answer = {'ok', whole(account.balance), whole(account.held), whole(account.debt),
  allowance or '0', starts or '0', ends or '0',
  account.balance <= tonumber(low_balance) and not seen and '1' or '', set_budgets, redis.call('GET', last_login) or ''}
for _, text in ipairs(redis.call('HGETALL', stats_key)) do answer[#answer + 1] = text end
return with_low_balance(account, answer)
