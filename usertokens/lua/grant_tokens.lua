--[[ Grant bought tokens, or those of a voucher, once for ever under their source's key; debt is paid first.
KEYS  as sources.lua
ARGV  as sources.lua, 10 amount (tokens, int > 0), 11 priority (int), 12 expires (ms, "" = never),
      13 largest balance (int), 14 source (word)
Returns {"ok", "new" | "same" | "repeated", amount, taken back, frozen, balance, debt, entry of the grant} |
        {"conflict"} | {"too_large"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.sources
-- uses usertokens.grant_row
-- uses usertokens.source_row
local amount, priority, expires = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]) or NEVER
local largest, source = tonumber(ARGV[13]), ARGV[14]
local answered = recall()
if answered then return answered end
local account = settled()
if not account then return {'closed'} end
local known = source_of()
if known then
  return keep(account, known[GRANTED_FOR] == fingerprint and source_answer(account, known, 'same') or {'conflict'})
end
if account.balance + account.held + amount > largest then
  return keep(account, {'too_large'})
end
local entry, grant = movements().grant_new(account, 'grant', amount, priority, expires, source, reason, key, actor)
local granted = {now, fingerprint, entry, grant, amount, 0, 0, 0}
keep_source(granted)
return finish(account, source_answer(account, granted, 'new'))
