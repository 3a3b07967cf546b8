--[[ What a quantity of an action costs, exactly. Prices are tokens ≤ 10^9 for ≤ 10^6 units, so that no product here is beyond
2^53 unless the balance can't pay it anyway; quotients are taken of what fmod leaves, since a division of doubles rounds.
What is less than a token is carried on in the account, per action: `part:<action>` = "rest/per", absent for nothing.
Used within the functions and branches that need it.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `cost_of` answers whole tokens and the rest, in per-ths of a token; `carry` answers the tokens
         to take with what was carried before, and the new value of the field ("" = none, nil = it stays). ]]
local function cost_of(quantity, tokens, per)
  local beyond = math.fmod(quantity, per)
  local product = beyond * tokens
  local rest = math.fmod(product, per)
  return (quantity - beyond) / per * tokens + (product - rest) / per, rest
end

local function carry(action, amount, rest, per)
  if rest == 0 then return amount, nil end
  local part = redis.call('HGET', account_key, 'part:' .. action)
  if part then
    local before, its_per = string.match(part, '^(%d+)/(%d+)$')
    before, its_per = tonumber(before), tonumber(its_per)
    -- Under a price for another number of units it is rounded down, to the user's favour: docs/decisions/0043-prices.md.
    if its_per ~= per then
      before = before * per
      before = (before - math.fmod(before, its_per)) / its_per
    end
    rest = rest + before
    if rest >= per then amount, rest = amount + 1, rest - per end
  end
  return amount, rest == 0 and '' or string.format('%.0f/%.0f', rest, per)
end
