--[[ What an operation takes when it names an action, and that the account can afford it. A part of spend_tokens.lua and
record_generation.lua, not a function: see afford.lua. It has of the script: account, amount, action (nil = none), quantity,
tokens, per.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  as afford.lua; `amount` is what is to be taken ]]
local part
if action then
  -- uses usertokens.prices
  local rest
  quantity, per = tonumber(quantity), tonumber(per)
  amount, rest = cost_of(quantity, tonumber(tokens), per)
  amount, part = carry(action, amount, rest, per)
end
-- uses usertokens.afford
if caps then caps.use(action or '', amount, 0) end
if action then
  account.action, account.quantity = action, quantity
  if part then set(account, 'part:' .. action, part) end
end
