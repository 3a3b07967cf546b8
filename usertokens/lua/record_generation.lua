--[[ Take the tokens of one generation and count it, all or nothing.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 cost (tokens, int > 0)
Returns {"ok", "new" | "repeated", entry, cost, balance, generations} | {"insufficient", balance} |
        {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local cost = tonumber(ARGV[9])
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
if account.balance < cost then
  return keep(account, {'insufficient', whole(account.balance)})
end
local entry = enter(account, 'spend', -cost, (take(account, cost)), nil, reason, key, actor)
local generations = redis.call('HINCRBY', stats_key, 'generations', 1)
return finish(account, {'ok', 'new', whole(entry), whole(cost), whole(account.balance), whole(generations)})
