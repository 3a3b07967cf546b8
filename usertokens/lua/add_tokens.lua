--[[ Grant tokens; debt is paid first.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 amount (tokens, int > 0), 10 priority (int, lower burns first), 11 expires (ms, "" = never),
      12 source (word), 13 largest balance (int)
Returns {"ok", "new" | "repeated", entry, amount, balance} | {"too_large"} | {"expired"} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.grant_row
local amount, priority, expires = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]) or NEVER
local source, largest = ARGV[12], tonumber(ARGV[13])
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
if expires <= now or account.balance + account.held + amount > largest then
  return keep(account, {expires <= now and 'expired' or 'too_large'})
end
local entry = movements().grant_new(account, 'grant', amount, priority, expires, source, reason, key, actor)
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
