--[[ Journal entries, newest first, settled first when it is due.
KEYS  as ledger.lua (1–7)
ARGV  as ledger.lua (4 is ""), 9 highest entry wanted ("" = the newest), 10 how many
Returns {"ok", entries up to this number are in the archive, newest entry, {entry, at (ms), type, amount, balance after, reason, key,
        actor, {grant, change, …}, {grant, tokens used, …}}, …} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settle
local account = settled()
if not account then return {'closed'} end
close_settled(account)
local archived = tonumber(redis.call('HGET', KEYS[1], 'archived') or 0)
local highest = math.min(tonumber(ARGV[9]) or account.entries, account.entries)
local lowest = math.max(highest - tonumber(ARGV[10]) + 1, archived + 1)
local answer = {'ok', whole(archived), whole(account.entries)}
if highest <= archived then return told(account, answer) end
local packed = redis.call('LRANGE', KEYS[5], lowest - archived - 1, highest - archived - 1)
local function words(numbers)
  local texts = {}
  for index, number in ipairs(numbers or {}) do texts[index] = whole(number) end
  return texts
end
for index = #packed, 1, -1 do
  local entry = {cmsgpack.unpack(packed[index])}
  answer[#answer + 1] = {whole(entry[1]), whole(entry[2]), entry[3], whole(entry[4]), whole(entry[5]), entry[6], entry[7], entry[8],
    words(entry[9]), words(entry[10])}
end
return told(account, answer)
