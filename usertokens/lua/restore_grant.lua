--[[ Set what has been taken back of a money-backed grant, downwards: debt is paid first, the rest returns to the grant.
KEYS  as sources.lua
ARGV  as sources.lua, 10 taken back in all (tokens, int >= 0)
Returns {"ok", "new" | "same", amount, taken back, frozen, balance, debt, entry of the grant} | {"unknown"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.sources
-- uses usertokens.source_row
local taken_back = tonumber(ARGV[10])
local account = settled()
if not account then return {'closed'} end
local source = source_of()
if not source then
  return keep(account, {'unknown'})
end
local back = source[TAKEN_BACK] - taken_back
if back <= 0 or source[SOURCE_VOID] == 1 then
  return keep(account, source_answer(account, source, 'same'))
end
source[TAKEN_BACK] = source[TAKEN_BACK] - back
movements().give_all(account, 'restore', back, {source[GRANT], back}, nil, reason, key, actor)
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
