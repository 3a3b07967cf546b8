--[[ Take what is left of a money-backed grant out of the balance while it is disputed.
KEYS  as ledger.lua (1–7), 8 sources
ARGV  as ledger.lua, 9 digest of the source's key
Returns {"ok", "new" | "same", amount, taken back, frozen, balance, debt, entry of the grant} | {"unknown"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settle
-- uses usertokens.sources
local account = settled()
if not account then return {'closed'} end
local source = source_of()
if not source then
  return keep(account, {'unknown'})
end
local tokens = source[8] == 1 and 0 or drain(account, source[4], source[5])
if tokens == 0 then
  return keep(account, source_answer(account, source, 'same'))
end
source[7] = source[7] + tokens
enter(account, 'freeze', -tokens, {source[4], -tokens})
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
