--[[ Grant tokens; debt is paid first.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 amount (tokens, int > 0), 10 priority (int, lower burns first), 11 expires (ms, "" = never),
      12 source (word), 13 largest balance (int)
Returns {"ok", "new" | "repeated", entry, amount, balance} | {"too_large"} | {"expired"} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local amount, expires = tonumber(ARGV[9]), tonumber(ARGV[11]) or NEVER
if expires <= now or account.balance + account.held + amount > tonumber(ARGV[13]) then
  return keep(account, {expires <= now and 'expired' or 'too_large'})
end
local entry = movements().grant_new(account, 'grant', amount, tonumber(ARGV[10]), expires, ARGV[12])
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
