--[[ End a hold by returning it whole to the grants it was taken from.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 hold (its entry's number), 10 ended by ("user" or "service")
Returns {"ok", "new" | "low" | "repeated", entry, tokens, balance} | {"ended"} | {"unknown"} | {"archived"} | {"not_yours"} | {"conflict"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
local packed = redis.call('HGET', KEYS[4], ARGV[9])
if not packed then
  keep(account)
  -- It may have been one: its entry says so.
  local archived = tonumber(redis.call('HGET', KEYS[1], 'archived') or 0)
  local number = tonumber(ARGV[9])
  if number > account.entries then return {'unknown'} end
  if number <= archived then return {'archived'} end
  local _, _, kind = cmsgpack.unpack(redis.call('LINDEX', KEYS[5], number - archived - 1))
  return {kind == 'hold' and 'ended' or 'unknown'}
end
local hold = cmsgpack.unpack(packed)
if hold[3] == 'service' and ARGV[10] ~= 'service' then
  keep(account)
  return {'not_yours'}
end
local entry = movements().end_hold(account, tonumber(ARGV[9]), hold, 0, 'release', {hold[5], ARGV[7], ARGV[8]})
return finish(account, {'ok', 'new', whole(entry), whole(hold[1]), whole(account.balance)})
