--[[ Take tokens out of the balance for a while, to be captured or released.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 amount (tokens, int > 0), 10 time to live (ms, int > 0), 11 made by ("user" or "service")
Returns {"ok", "new" | "repeated", entry, amount, balance, expires (ms)} | {"insufficient", balance} |
        {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local amount, ttl, made_by = tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11]
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local expires = now + ttl
if account.balance < amount then
  return keep(account, {'insufficient', whole(account.balance)})
end
local moves = take(account, amount)
local parts = {}
for index = 1, #moves, 2 do parts[index], parts[index + 1] = moves[index], -moves[index + 1] end
local entry = enter(account, 'hold', -amount, moves, nil, reason, key, actor)
redis.call('HSET', holds_key, entry, cmsgpack.pack({amount, expires, made_by, parts, reason}))
set(account, 'held', account.held + amount)
if expires < account.due then set(account, 'due', expires) end
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance), whole(expires)})
