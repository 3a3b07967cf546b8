--[[ Set what has been taken back of a money-backed grant, upwards: from what is frozen of it, from the grant, from the rest of
the balance, and beyond that as debt.
KEYS  as sources.lua
ARGV  as sources.lua, 10 taken back in all (tokens, int >= 0; more than the grant counts as all of it),
      11 when the grant expires (ms, "" = never; from then on nothing is taken back: what was left of it has gone)
Returns {"ok", "new" | "same", amount, taken back, frozen, balance, debt, entry of the grant} | {"unknown"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.sources
-- uses usertokens.source_row
local taken_back, expires = tonumber(ARGV[10]), tonumber(ARGV[11])
local account = settled()
if not account then return {'closed'} end
account.is_taken_back = true
local source = source_of()
if not source then
  return keep(account, {'unknown'})
end
local missing = math.min(taken_back, source[BOUGHT]) - source[TAKEN_BACK]
if missing <= 0 or source[SOURCE_VOID] == 1 or (expires and expires <= now) then
  return keep(account, source_answer(account, source, 'same'))
end
source[TAKEN_BACK] = source[TAKEN_BACK] + missing
local thawed = math.min(source[FROZEN], missing)
if thawed > 0 then
  source[FROZEN] = source[FROZEN] - thawed
  enter(account, 'unfreeze', thawed, {source[GRANT], thawed}, nil, reason, key, actor)
end
local own = drain(account, source[GRANT], missing - thawed)
local moves, owed = take(account, missing - thawed - own)
if own + thawed > 0 then
  moves[#moves + 1] = source[GRANT]
  moves[#moves + 1] = -own - thawed
end
if owed > 0 then set(account, 'debt', account.debt + owed) end
enter(account, 'refund', -missing, moves, nil, reason, key, actor)
keep_source(source)
return finish(account, source_answer(account, source, 'new'))
