--[[ Take tokens from the grants in burn order, all or nothing.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 amount (tokens, int > 0; "" = what the action costs), 10 action, 11 quantity (int > 0),
      12 tokens of its price, 13 for so many units (10 to 13 only with an action)
Returns {"ok", "new" | "repeated", entry, amount, balance} | {"insufficient", balance, required} |
        {"over_budget", …} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local amount, action, quantity, tokens, per = tonumber(ARGV[9]), ARGV[10], ARGV[11], ARGV[12], ARGV[13]
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
-- uses usertokens.charge
local entry = enter(account, 'spend', -amount, (take(account, amount)), nil, reason, key, actor)
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
