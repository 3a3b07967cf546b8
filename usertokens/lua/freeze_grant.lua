--[[ Take what is left of a money-backed grant out of the balance while it is disputed.
KEYS  as sources.lua
ARGV  as sources.lua
Returns {"ok", "new" | "same", amount, taken back, frozen, balance, debt, entry of the grant} | {"unknown"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.sources
-- uses usertokens.source_row
local account = settled()
if not account then return {'closed'} end
account.is_taken_back = true
local source = source_of()
if not source then
  return keep(account, {'unknown'})
end
local tokens = source[SOURCE_VOID] == 1 and 0 or drain(account, source[GRANT], source[BOUGHT])
if tokens == 0 then
  return keep(account, source_answer(account, source, 'same'))
end
source[FROZEN] = source[FROZEN] + tokens
enter(account, 'freeze', -tokens, {source[GRANT], -tokens}, nil, reason, key, actor)
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
