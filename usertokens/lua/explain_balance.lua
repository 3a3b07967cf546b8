--[[ What an explanation of a balance is proved against: the account as it stands, settled first when it is due, with every grant
that something may still return to and every open hold. Makes no account for a user who has none.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns {"ok", {{grant, left, amount, priority, expires (ms, "" = never), source}, …},
        {{entry, tokens, runs out (ms), {grant, tokens, …}}, …}, now (ms), balance, held, debt, newest entry,
        entries up to this number are in the archive} | {"none"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
if redis.call('EXISTS', account_key) == 0 then
  return {redis.call('EXISTS', tombstone_key) == 1 and 'closed' or 'none'}
end
local account = settled()
if not account then return {'closed'} end
close_settled(account)
local grants, holds = {}, {}
-- left: nil = what is packed in the grant.
local function show(grant, left)
  -- uses usertokens.grant_row
  local expires = grant[EXPIRES] < NEVER and whole(grant[EXPIRES]) or ''
  grants[#grants + 1] = {whole(grant[ID]), whole(left or grant[REMAINING]), whole(grant[GRANTED]), whole(grant[PRIORITY]),
    expires, grant[SOURCE]}
end
local function show_hold(number, hold)
  -- uses usertokens.hold_row
  local parts = {}
  for place, value in ipairs(hold[PARTS]) do parts[place] = whole(value) end
  holds[#holds + 1] = {number, whole(hold[HELD]), whole(hold[RUNS_OUT]), parts}
end
if account.first then show(account.first, account.left) end
for _, packed in ipairs(redis.call('HVALS', grants_key)) do show(cmsgpack.unpack(packed)) end
local rows = redis.call('HGETALL', holds_key)
for place = 1, #rows, 2 do show_hold(rows[place], cmsgpack.unpack(rows[place + 1])) end
return with_low_balance(account, {'ok', grants, holds, whole(now), whole(account.balance), whole(account.held),
  whole(account.debt), whole(account.entries), redis.call('HGET', account_key, 'archived') or '0'})
