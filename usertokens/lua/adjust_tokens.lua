--[[ Correct a balance by hand, up or down, never below zero
(shown by tests/usertokens/test_machine.py::test_thousands_of_steps_beside_the_model).
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 change (tokens, int, not 0), 10 priority (int), 11 largest balance (int)
Returns {"ok", "new" | "repeated", entry, change, balance} | {"insufficient", balance} | {"too_large"} |
        {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.grant_row
local change, priority, largest = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
account.is_taken_back = true
if change < 0 and account.balance + change < 0 then
  return keep(account, {'insufficient', whole(account.balance)})
end
if account.balance + account.held + change > largest then
  return keep(account, {'too_large'})
end
local entry
if change > 0 then
  entry = movements().grant_new(account, 'adjust', change, priority, NEVER, 'adjustment', reason, key, actor)
else
  entry = enter(account, 'adjust', change, (take(account, -change)), nil, reason, key, actor)
end
return finish(account, {'ok', 'new', whole(entry), whole(change), whole(account.balance)})
