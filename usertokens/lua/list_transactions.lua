--[[ Journal entries, newest first, settled first when it is due.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 highest entry wanted ("" = the newest), 10 how many
Returns {"ok", entries up to this number are in the archive, newest entry, {entry, at (ms), type, amount, balance after,
        reason, key, actor, {grant, change, …}, {grant, tokens used, …}, action, quantity}, …} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settled
-- uses usertokens.entry_row
-- uses usertokens.entry_reply
local wanted, count = tonumber(ARGV[9]), tonumber(ARGV[10])
local account = settled()
if not account then return {'closed'} end
close_settled(account)
local archived = tonumber(redis.call('HGET', account_key, 'archived') or 0)
local highest = math.min(wanted or account.entries, account.entries)
local lowest = math.max(highest - count + 1, archived + 1)
local answer = {'ok', whole(archived), whole(account.entries)}
if highest <= archived then return with_low_balance(account, answer) end
local packed = redis.call('LRANGE', journal_key, lowest - archived - 1, highest - archived - 1)
for index = #packed, 1, -1 do answer[#answer + 1] = reply_of({cmsgpack.unpack(packed[index])}) end
return with_low_balance(account, answer)
