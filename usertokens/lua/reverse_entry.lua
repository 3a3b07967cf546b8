--[[ Give back what a spend or a capture took, wholly or in part, never more than it took
(shown by tests/usertokens/test_machine.py::test_thousands_of_steps_beside_the_model).
KEYS  as ledger.lua (8–10 always), 11 reversed
ARGV  as ledger.lua, 9 entry (its number), 10 amount (tokens, int > 0, "" = all that is left),
      11 what the entry took (JSON array grant, tokens, …) when it is in the archive, "" otherwise
Returns {"ok", "new" | "repeated", entry, amount, balance} | {"unknown"} | {"archived"} | {"not_reversible"} |
        {"too_much", what is left to reverse} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local number, taken = tonumber(ARGV[9]), nil
local archived = tonumber(redis.call('HGET', KEYS[1], 'archived') or 0)
local function stop(answer)
  return keep(account, answer)
end
if number < 1 or number > account.entries then return stop({'unknown'}) end
if number <= archived then
  if ARGV[11] == '' then return stop({'archived'}) end
  taken = cjson.decode(ARGV[11])
else
  local entry = {cmsgpack.unpack(redis.call('LINDEX', KEYS[5], number - archived - 1))}
  if entry[3] == 'spend' then
    taken = {}
    for index = 1, #entry[9], 2 do taken[index], taken[index + 1] = entry[9][index], -entry[9][index + 1] end
  elseif entry[3] == 'capture' then
    taken = entry[10]
  end
end
if not taken or #taken == 0 then return stop({'not_reversible'}) end
local total = 0
for index = 2, #taken, 2 do total = total + taken[index] end
local before = tonumber(redis.call('HGET', KEYS[11], number) or 0)
local amount = tonumber(ARGV[10]) or total - before
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
redis.call('HSET', KEYS[11], number, before + amount)
local entry = movements().give_all(account, 'reverse', amount, parts)
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance)})
