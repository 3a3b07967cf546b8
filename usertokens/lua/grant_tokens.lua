--[[ Grant bought tokens once for ever under their source's key; debt is paid first.
KEYS  as ledger.lua (1–7), 8 sources
ARGV  as ledger.lua, 9 digest of the source's key, 10 amount (tokens, int > 0), 11 priority (int), 12 expires (ms, "" = never),
      13 largest balance (int), 14 source (word)
Returns {"ok", "new" | "same", amount, taken back, frozen, balance, debt, entry of the grant} | {"conflict"} | {"too_large"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
-- uses usertokens.sources
local account = settled()
if not account then return {'closed'} end
local known = source_of()
if known then
  return keep(account, known[2] == ARGV[5] and source_answer(account, known, 'same') or {'conflict'})
end
local amount = tonumber(ARGV[10])
if account.balance + account.held + amount > tonumber(ARGV[13]) then
  return keep(account, {'too_large'})
end
local entry, grant =
  movements().grant_new(account, 'grant', amount, tonumber(ARGV[11]), tonumber(ARGV[12]) or NEVER, ARGV[14])
local source = {now, ARGV[5], entry, grant, amount, 0, 0, 0}
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
