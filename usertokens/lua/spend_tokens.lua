--[[ Take tokens from the grants in burn order, all or nothing.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 amount (tokens, int > 0)
Returns {"ok", "new" | "repeated", entry, amount, balance} | {"insufficient", balance} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local amount = tonumber(ARGV[9])
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
if account.balance < amount then
  return keep(account, {'insufficient', whole(account.balance)})
end
local entry = enter(account, 'spend', -amount, (take(account, amount)), nil, reason, key, actor)
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
