--[[ A user's tokens and the grants that have any, in burn order, settled first when it is due.
KEYS  as ledger.lua (1–7)
ARGV  as ledger.lua (4 is "")
Returns {"ok", balance, held, debt, allowance, starts (ms), ends (ms), {grant, left, amount, priority, expires (ms, "" = never), source}, …}
        | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settle
local account = settled()
if not account then return {'closed'} end
close_settled(account)
local row = redis.call('HMGET', KEYS[1], 'allowance', 'starts', 'ends')
local answer = {'ok', whole(account.balance), whole(account.held), whole(account.debt), row[1] or '0', row[2] or '0', row[3] or '0'}
local function show(grant, left)
  local expires = grant[3] < NEVER and whole(grant[3]) or ''
  answer[#answer + 1] = {whole(grant[1]), whole(left), whole(grant[4]), whole(grant[2]), expires, grant[5]}
end
if account.left > 0 then show(account.first, account.left) end
for _, member in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  local grant = cmsgpack.unpack(redis.call('HGET', KEYS[2], tonumber(member)))
  show(grant, grant[6])
end
return told(account, answer)
