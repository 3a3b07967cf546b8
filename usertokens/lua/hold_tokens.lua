--[[ Take tokens out of the balance for a while, to be captured or released.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 amount (tokens, int > 0; "" = what the action costs), 10 time to live (ms, int > 0),
      11 made by ("user" or "service"), 12 action, 13 quantity (int > 0), 14 tokens of its price, 15 for so many units (12 to
      15 only with an action)
Returns {"ok", "new" | "repeated", entry, amount, balance, expires (ms)} | {"insufficient", balance, required} |
        {"over_budget", …} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local amount, ttl, made_by = tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11]
local action, quantity, tokens, per = ARGV[12], tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local expires = now + ttl
if action then
  -- uses usertokens.prices
  local rest
  amount, rest = cost_of(quantity, tokens, per)
  -- Enough also for what is carried on from before.
  if rest > 0 then amount = amount + 1 end
end
-- uses usertokens.afford
local moves = take(account, amount)
local parts = {}
for index = 1, #moves, 2 do parts[index], parts[index + 1] = moves[index], -moves[index + 1] end
account.action, account.quantity = action, quantity
local entry = enter(account, 'hold', -amount, moves, nil, reason, key, actor)
local row = {amount, expires, made_by, parts, reason}
if action then row = {amount, expires, made_by, parts, reason, action, quantity, tokens, per} end
if caps then caps.use(action or '', 0, amount) end
redis.call('HSET', holds_key, entry, cmsgpack.pack(row))
set(account, 'held', account.held + amount)
if expires < account.due then set(account, 'due', expires) end
return finish(account, {'ok', 'new', whole(entry), whole(amount), whole(account.balance), whole(expires)})
