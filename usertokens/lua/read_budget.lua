--[[ A user's budgets and what is used of them now. Keeps only what was due.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  as budget_reply.lua | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local account = settled()
if not account then return {'closed'} end
close_settled(account)
if not account.caps then return with_low_balance(account, {'ok', 'new'}) end
-- uses usertokens.budgets
-- uses usertokens.budget_reply
local store = budgets(account)
store.roll()
return with_low_balance(account, reply_of(account, store.caps))
