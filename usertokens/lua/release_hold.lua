--[[ End a hold by returning it whole to the grants it was taken from.
KEYS  as ledger.lua
ARGV  as holds.lua
Returns {"ok", "new" | "repeated", entry, tokens, balance} | {"ended"} | {"unknown"} | {"archived"} | {"not_yours"} |
        {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.holds
-- uses usertokens.hold_row
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local hold, refusal = open_hold(account)
if not hold then
  return keep(account, refusal)
end
local entry = movements().end_hold(account, tonumber(hold_id), hold, 0, 'release', hold[HELD_FOR], key, actor)
return finish(account, {'ok', 'new', whole(entry), whole(hold[HELD]), whole(account.balance)})
