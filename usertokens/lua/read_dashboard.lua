--[[ Everything of a user that the dashboard shows, made or settled first when it is due.
KEYS  as ledger.lua (1–7), 8 last log-in (STRING)
ARGV  as ledger.lua (4 is ""), 9 today ("YYYY-MM-DD", the site's day), 10 the free plan
Returns {"ok", balance, held, debt, allowance, starts (ms), ends (ms), "1" while the balance is low and the user has not put the note away, else "",
        last log-in, field, value, … of the stats} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settle
-- uses usertokens.activity
local account = settled()
if not account or create_stats(KEYS[6], KEYS[8], KEYS[7], ARGV[9], ARGV[10]) == nil then return {'closed'} end
close_settled(account)
local row = redis.call('HMGET', KEYS[1], 'allowance', 'starts', 'ends', 'seen')
local answer = {'ok', whole(account.balance), whole(account.held), whole(account.debt), row[1] or '0', row[2] or '0', row[3] or '0',
  account.balance <= tonumber(ARGV[2]) and not row[4] and '1' or '', redis.call('GET', KEYS[8]) or ''}
for _, word in ipairs(redis.call('HGETALL', KEYS[6])) do answer[#answer + 1] = word end
return told(account, answer)
