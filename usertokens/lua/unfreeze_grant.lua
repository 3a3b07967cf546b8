--[[ Put back what was frozen of a money-backed grant; debt is paid first.
KEYS  as sources.lua
ARGV  as sources.lua
Returns {"ok", "new" | "same", amount, taken back, frozen, balance, debt, entry of the grant} | {"unknown"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.sources
-- uses usertokens.source_row
local account = settled()
if not account then return {'closed'} end
local source = source_of()
if not source then
  return keep(account, {'unknown'})
end
local tokens = source[FROZEN]
if tokens == 0 then
  return keep(account, source_answer(account, source, 'same'))
end
source[FROZEN] = 0
movements().give_all(account, 'unfreeze', tokens, {source[GRANT], tokens}, nil, reason, key, actor)
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
