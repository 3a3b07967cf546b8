--[[ Do what is due in an account, and nothing else.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns {"ok", journal entries written} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local account = settled()
if not account then return {'closed'} end
local before = tonumber(redis.call('HGET', account_key, 'entries') or 0)
return keep(account, {'ok', whole(account.entries - before)})
