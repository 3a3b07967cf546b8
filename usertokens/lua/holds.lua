--[[ An open hold by its number, for the scripts that end one. Used behind ledger.lua and settled.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 hold (its entry's number), 10 ended by ("user" or "service")
Returns  nothing of its own: `open_hold` answers the hold, or nil and the refusal:
         {"ended"} | {"unknown"} | {"archived"} | {"not_yours"}. ]]
local hold_id, ended_by = ARGV[9], ARGV[10]
local function open_hold(account)
  -- uses usertokens.hold_row
  local packed = redis.call('HGET', holds_key, hold_id)
  if not packed then
    -- uses usertokens.entry_row
    -- It may have been one: its entry says so.
    local archived = tonumber(redis.call('HGET', account_key, 'archived') or 0)
    local number = tonumber(hold_id)
    if number < 1 or number > account.entries then return nil, {'unknown'} end
    if number <= archived then return nil, {'archived'} end
    local entry = {cmsgpack.unpack(redis.call('LINDEX', journal_key, number - archived - 1))}
    return nil, {entry[KIND] == 'hold' and 'ended' or 'unknown'}
  end
  local hold = cmsgpack.unpack(packed)
  if hold[MADE_BY] == 'service' and ended_by ~= 'service' then return nil, {'not_yours'} end
  return hold
end
