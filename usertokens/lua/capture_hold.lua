--[[ End a hold by keeping part of it or all; the rest returns to the grants it was taken from.
KEYS  as ledger.lua
ARGV  as holds.lua, 11 amount (tokens, int > 0, "" = all of it)
Returns {"ok", "new" | "repeated", entry, tokens, balance} | {"ended"} | {"unknown"} | {"archived"} | {"not_yours"} |
        {"too_much", held} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.holds
-- uses usertokens.hold_row
local amount = tonumber(ARGV[11])
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local hold, refusal = open_hold(account)
if not hold then
  return keep(account, refusal)
end
amount = amount or hold[HELD]
if amount > hold[HELD] then
  return keep(account, {'too_much', whole(hold[HELD])})
end
local entry = movements().end_hold(account, tonumber(hold_id), hold, amount, 'capture', hold[HELD_FOR], key, actor)
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
