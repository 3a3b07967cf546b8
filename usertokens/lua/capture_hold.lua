--[[ End a hold by keeping part of it or all; the rest returns to the grants it was taken from.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 hold (its entry's number), 10 ended by ("user" or "service"), 11 amount (tokens, int > 0, "" = all of it)
Returns {"ok", "new" | "repeated", entry, tokens, balance} | {"ended"} | {"unknown"} | {"archived"} | {"not_yours"} | {"too_much", held} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
-- uses usertokens.holds
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local hold, refusal = open_hold(account)
if not hold then
  return keep(account, refusal)
end
local amount = tonumber(ARGV[11]) or hold[1]
if amount > hold[1] then
  return keep(account, {'too_much', whole(hold[1])})
end
local entry = movements().end_hold(account, tonumber(ARGV[9]), hold, amount, 'capture', {hold[5], ARGV[7], ARGV[8]})
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
