--[[ Give back what a spend or a capture took, wholly or in part, never more than it took
(shown by tests/usertokens/test_machine.py::test_thousands_of_steps_beside_the_model). Nothing of before a reset: the grants
that it came from are gone, and so is the note of what was given back of it.
KEYS  as ledger.lua (1–10), 11 reversed
ARGV  as ledger.lua, 9 entry (its number), 10 amount (tokens, int > 0, "" = all that is left),
      11 what the entry took when it is in the archive (JSON array of grant, tokens, …; otherwise ""),
      12 when it was written (ms, 0 = before a reset), 13 its action (12 and 13 only of one in the archive)
Returns {"ok", "new" | "repeated", entry, amount, balance} | {"unknown"} | {"archived"} | {"not_reversible"} |
        {"too_much", what is left to reverse} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.entry_row
local reversed = KEYS[11]
local number, amount, archived_use = tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11]
local at, action = tonumber(ARGV[12] or nil), ARGV[13]
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local taken
local archived = tonumber(redis.call('HGET', account_key, 'archived') or 0)
local function stop(answer) return keep(account, answer) end
if number < 1 or number > account.entries then return stop({'unknown'}) end
if number <= archived then
  if archived_use == '' then return stop({'archived'}) end
  taken = cjson.decode(archived_use)
  -- A reset that is not in the archive yet is the oldest entry here.
  local oldest = redis.call('LINDEX', journal_key, 0)
  if at == 0 or oldest and ({cmsgpack.unpack(oldest)})[KIND] == 'reset' then return stop({'not_reversible'}) end
else
  local entry = {cmsgpack.unpack(redis.call('LINDEX', journal_key, number - archived - 1))}
  local moves = entry[MOVES]
  at, action = entry[AT], entry[ACTION]
  if entry[KIND] == 'spend' then
    taken = {}
    for index = 1, #moves, 2 do taken[index], taken[index + 1] = moves[index], -moves[index + 1] end
  elseif entry[KIND] == 'capture' then
    taken = entry[USED]
  end
end
if not taken or #taken == 0 then return stop({'not_reversible'}) end
local total = 0
for index = 2, #taken, 2 do total = total + taken[index] end
local before = tonumber(redis.call('HGET', reversed, number) or 0)
amount = amount or total - before
if amount > total - before or amount == 0 then return stop({'too_much', whole(total - before)}) end
-- What was burned last returns first, as if less had been spent.
local parts, skip, rest = {}, before, amount
for index = #taken - 1, 1, -2 do
  local part = taken[index + 1]
  local skipped = math.min(skip, part)
  skip = skip - skipped
  part = math.min(part - skipped, rest)
  rest = rest - part
  if part > 0 then parts[#parts + 1], parts[#parts + 2] = taken[index], part end
end
redis.call('HSET', reversed, number, before + amount)
if account.caps then
  -- uses usertokens.budgets
  budgets(account).give_back(action or '', amount, at)
end
local entry = movements().give_all(account, 'reverse', amount, parts, nil, reason, key, actor)
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
