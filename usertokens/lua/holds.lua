--[[ An open hold by its number, for the scripts that end one. Used behind ledger.lua and settle.lua.
KEYS  as ledger.lua
ARGV  9 hold (its entry's number), 10 ended by ("user" or "service")
Returns  nothing of its own: `open_hold` answers the hold, or nil and the refusal: {"ended"} | {"unknown"} | {"archived"} | {"not_yours"}. ]]
local function open_hold(account)
  local packed = redis.call('HGET', KEYS[4], ARGV[9])
  if not packed then
    -- It may have been one: its entry says so.
    local archived = tonumber(redis.call('HGET', KEYS[1], 'archived') or 0)
    local number = tonumber(ARGV[9])
    if number < 1 or number > account.entries then return nil, {'unknown'} end
    if number <= archived then return nil, {'archived'} end
    local _, _, kind = cmsgpack.unpack(redis.call('LINDEX', KEYS[5], number - archived - 1))
    return nil, {kind == 'hold' and 'ended' or 'unknown'}
  end
  local hold = cmsgpack.unpack(packed)
  if hold[3] == 'service' and ARGV[10] ~= 'service' then return nil, {'not_yours'} end
  return hold
end
