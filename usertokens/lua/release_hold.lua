--[[ End a hold by returning it whole to the grants it was taken from.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 hold (its entry's number), 10 ended by ("user" or "service")
Returns {"ok", "new" | "repeated", entry, tokens, balance} | {"ended"} | {"unknown"} | {"archived"} | {"not_yours"} | {"conflict"} | {"closed"} ]]
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
local entry = movements().end_hold(account, tonumber(ARGV[9]), hold, 0, 'release', {hold[5], ARGV[7], ARGV[8]})
return finish(account, {'ok', 'new', whole(entry), whole(hold[1]), whole(account.balance)})
