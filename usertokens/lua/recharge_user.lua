--[[ Do what is due in an account, and nothing else.
KEYS  as ledger.lua (1–7)
ARGV  as ledger.lua (4 is "")
Returns {"ok", journal entries written} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settle
local account = settled()
if not account then return {'closed'} end
local before = tonumber(redis.call('HGET', KEYS[1], 'entries') or 0)
return keep(account, {'ok', whole(account.entries - before)})
