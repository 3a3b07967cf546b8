--[[ The open holds of a user, settled first when it is due.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns {"ok", {entry, tokens, runs out (ms), made by, reason}, …}, in no order | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.hold_row
local account = settled()
if not account then return {'closed'} end
close_settled(account)
local answer = {'ok'}
local rows = redis.call('HGETALL', holds_key)
for place = 1, #rows, 2 do
  local hold = cmsgpack.unpack(rows[place + 1])
  answer[#answer + 1] = {rows[place], whole(hold[HELD]), whole(hold[RUNS_OUT]), hold[MADE_BY], hold[HELD_FOR] or ''}
end
return with_low_balance(account, answer)
