--[[ Take over one movement of an older site, once for ever: what came in becomes a grant, what went out is taken.
KEYS  as ledger.lua (1–7), 8 sources
ARGV  as ledger.lua, 9 digest of the movement's id, 10 change (tokens, int, not 0), 11 priority (int), 12 largest balance (int),
      13 "1" to write nothing
Returns {"ok", "new" | "same"} | {"insufficient", balance} | {"conflict"} | {"too_large"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
-- uses usertokens.sources
local known = source_of()
if known then return known[2] == ARGV[5] and {'ok', 'same'} or {'conflict'} end
if ARGV[13] == '1' then return {'ok', 'new'} end
local account = settled()
if not account then return {'closed'} end
local change = tonumber(ARGV[10])
if change < 0 and account.balance + change < 0 then
  return keep(account, {'insufficient', whole(account.balance)})
end
if account.balance + account.held + change > tonumber(ARGV[12]) then
  return keep(account, {'too_large'})
end
local entry, grant = 0, 0
if change > 0 then
  entry, grant = movements().grant_new(account, 'grant', change, tonumber(ARGV[11]), NEVER, 'import')
else
  entry = enter(account, 'spend', change, (take(account, -change)))
end
-- Void from the start: no payment of this site stands behind it, so nothing of it is ever taken back.
keep_source({now, ARGV[5], entry, grant, math.max(change, 0), 0, 0, 1})
close(account)
return told(account, {'ok', 'new'})
