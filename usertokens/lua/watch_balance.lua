--[[ Have falls of the balance to a threshold of the user's own noted in `crossed`, or no longer. A balance that is at the
threshold already has not fallen to it.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 threshold (tokens, int > 0, "" = none)
Returns {"ok", balance} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local threshold = tonumber(ARGV[9])
local account = settled()
if not account then return {'closed'} end
close_settled(account)
if threshold then
  redis.call('HSET', account_key, 'watch', whole(threshold))
else
  redis.call('HDEL', account_key, 'watch', 'crossed')
end
return with_low_balance(account, {'ok', whole(account.balance)})
