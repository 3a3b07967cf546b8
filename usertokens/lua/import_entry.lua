--[[ Take over one movement of an older site, once for ever: what came in becomes a grant, what went out is taken.
KEYS  as sources.lua
ARGV  as sources.lua (9 of the movement's id), 10 change (tokens, int, not 0), 11 priority (int), 12 largest balance (int),
      13 "1" to write nothing
Returns {"ok", "new" | "same"} | {"insufficient", balance} | {"conflict"} | {"too_large"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.sources
-- uses usertokens.grant_row
-- uses usertokens.source_row
local change, priority, largest, is_dry = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13] == '1'
local known = source_of()
if known then return known[GRANTED_FOR] == fingerprint and {'ok', 'same'} or {'conflict'} end
if is_dry then return {'ok', 'new'} end
local account = settled()
if not account then return {'closed'} end
account.is_taken_back = true
if change < 0 and account.balance + change < 0 then
  return keep(account, {'insufficient', whole(account.balance)})
end
if account.balance + account.held + change > largest then
  return keep(account, {'too_large'})
end
local entry, grant = 0, 0
if change > 0 then
  entry, grant = movements().grant_new(account, 'grant', change, priority, NEVER, 'import', reason, key, actor)
else
  entry = enter(account, 'spend', change, (take(account, -change)), nil, reason, key, actor)
end
-- Void from the start: no payment of this site stands behind it, so nothing of it is ever taken back.
keep_source({now, fingerprint, entry, grant, math.max(change, 0), 0, 0, 1})
close(account)
return with_low_balance(account, {'ok', 'new'})
