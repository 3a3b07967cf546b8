--[[ End a hold by keeping part of it or all; the rest returns to the grants it was taken from. What goes over the hold is
taken from the balance, all or nothing: a refusal leaves the hold. A hold by action takes what its quantity costs now, or
cost when it was made if the action has no price any more.
KEYS  as ledger.lua
ARGV  as holds.lua, 11 amount (tokens, int > 0; "" = all of it, or what the quantity costs), 12 quantity of the hold's action
      (int > 0; "" = as held), 13 prices (JSON {action: {tokens, per}, …})
Returns {"ok", "new" | "repeated", entry, tokens, balance[, action, quantity]} | {"ended"} | {"unknown"} | {"archived"} |
        {"not_yours"} | {"no_action"} | {"insufficient", balance, required} | {"over_budget", …} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.holds
-- uses usertokens.hold_row
local amount, quantity, prices = tonumber(ARGV[11]), tonumber(ARGV[12]), ARGV[13]
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local hold, refusal = open_hold(account)
if not hold then
  return keep(account, refusal)
end
local action, part = hold[HELD_ACTION], nil
if quantity and not action then
  return keep(account, {'no_action'})
end
quantity = quantity or hold[HELD_QUANTITY]
if action and not amount then
  -- uses usertokens.prices
  local tokens, per = unpack(cjson.decode(prices)[action] or {hold[HELD_TOKENS], hold[HELD_PER]})
  local rest
  amount, rest = cost_of(quantity, tokens, per)
  amount, part = carry(action, amount, rest, per)
end
amount = amount or hold[HELD]
local more = amount - hold[HELD]
-- In debt the balance is below zero: what is on hold was taken before, and is captured all the same.
if more > 0 and more > account.balance then
  return keep(account, {'insufficient', whole(account.balance), whole(more)})
end
if more > 0 and account.caps then
  -- uses usertokens.budgets
  local refusal = budgets(account).over(action or '', more)
  if refusal then return keep(account, refusal) end
end
if action then
  account.action, account.quantity = action, quantity
  if part then set(account, 'part:' .. action, part) end
end
local entry = movements().end_hold(account, tonumber(hold_id), hold, amount, 'capture', hold[HELD_FOR], key, actor)
local answer = {'ok', 'new', whole(entry), whole(amount), whole(account.balance)}
if action then
  answer[#answer + 1] = action
  answer[#answer + 1] = whole(quantity)
end
return finish(account, answer)
