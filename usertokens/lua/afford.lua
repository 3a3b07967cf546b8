--[[ The end of a script that the account can't afford: the balance is too small, or a budget would be exceeded. A part of
spend_tokens.lua, record_generation.lua and hold_tokens.lua, not a function, since each one costs time in every run. It has
of the script: account, amount, action ("" or nil = none).
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  {"insufficient", balance, required} | {"over_budget", …} as budgets.lua, or goes on ]]
-- What takes no whole token is afforded in debt too: its fraction is carried on, and paid with the token that it completes.
if amount > 0 and account.balance < amount then
  return keep(account, {'insufficient', whole(account.balance), whole(amount)})
end
-- The user's budgets, nil = none: whoever goes on counts the tokens there.
local caps
if account.caps then
  -- uses usertokens.budgets
  caps = budgets(account)
  local refusal = caps.over(action or '', amount)
  if refusal then return keep(account, refusal) end
end
