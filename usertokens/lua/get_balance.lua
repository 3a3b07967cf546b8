--[[ A user's tokens and the grants that have any, in burn order, settled first when it is due.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns {"ok", balance, held, debt, allowance, starts (ms), ends (ms),
        {grant, left, amount, priority, expires (ms, "" = never), source}, …} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
local account = settled()
if not account then return {'closed'} end
close_settled(account)
local allowance, starts, ends = unpack(redis.call('HMGET', account_key, 'allowance', 'starts', 'ends'))
local answer = {'ok', whole(account.balance), whole(account.held), whole(account.debt),
  allowance or '0', starts or '0', ends or '0'}
-- left: nil = what is packed in the grant.
local function show(grant, left)
  -- uses usertokens.grant_row
  local expires = grant[EXPIRES] < NEVER and whole(grant[EXPIRES]) or ''
  answer[#answer + 1] = {whole(grant[ID]), whole(left or grant[REMAINING]), whole(grant[GRANTED]), whole(grant[PRIORITY]),
    expires, grant[SOURCE]}
end
if account.left > 0 then show(account.first, account.left) end
for _, member in ipairs(redis.call('ZRANGE', burn_key, 0, -1)) do
  show(cmsgpack.unpack(redis.call('HGET', grants_key, tonumber(member))))
end
return with_low_balance(account, answer)
