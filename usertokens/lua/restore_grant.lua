--[[ Set what has been taken back of a money-backed grant, downwards: debt is paid first, the rest returns to the grant.
KEYS  as ledger.lua (1–7), 8 sources
ARGV  as ledger.lua, 9 digest of the source's key, 10 taken back in all (tokens, int >= 0)
Returns {"ok", "new" | "same", amount, taken back, frozen, balance, debt, entry of the grant} | {"unknown"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
-- uses usertokens.sources
local account = settled()
if not account then return {'closed'} end
local source = source_of()
if not source then
  return keep(account, {'unknown'})
end
local back = source[6] - tonumber(ARGV[10])
if back <= 0 or source[8] == 1 then
  return keep(account, source_answer(account, source, 'same'))
end
source[6] = source[6] - back
movements().give_all(account, 'restore', back, {source[4], back})
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
