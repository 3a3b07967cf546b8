--[[ What a list of users shows of one, settled first when it is due. Makes no account for a user who has none.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns {"ok", balance, held, debt, plan ("" = none yet)} | {"none"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
if redis.call('EXISTS', account_key) == 0 then
  return {redis.call('EXISTS', tombstone_key) == 1 and 'closed' or 'none'}
end
local account = settled()
close_settled(account)
return with_low_balance(account, {'ok', whole(account.balance), whole(account.held), whole(account.debt),
  redis.call('HGET', stats_key, 'plan') or ''})
