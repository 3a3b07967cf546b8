--[[ Set what has been taken back of a money-backed grant, upwards: from what is frozen of it, from the grant, from the rest of
the balance, and beyond that as debt.
KEYS  as ledger.lua (1–7), 8 sources
ARGV  as ledger.lua, 9 digest of the source's key, 10 taken back in all (tokens, int >= 0; more than the grant counts as all of it)
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
local missing = math.min(tonumber(ARGV[10]), source[5]) - source[6]
if missing <= 0 or source[8] == 1 then
  return keep(account, source_answer(account, source, 'same'))
end
source[6] = source[6] + missing
local thawed = math.min(source[7], missing)
if thawed > 0 then
  source[7] = source[7] - thawed
  enter(account, 'unfreeze', thawed, {source[4], thawed})
end
local own = drain(account, source[4], missing - thawed)
local moves, owed = take(account, missing - thawed - own)
if own + thawed > 0 then
  moves[#moves + 1] = source[4]
  moves[#moves + 1] = -own - thawed
end
if owed > 0 then set(account, 'debt', account.debt + owed) end
enter(account, 'refund', -missing, moves)
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
