--[[ Inside another script: take its slot from a code. Used behind code_names.lua.
KEYS  none of its own: the caller passes slots (HASH) and names (STRING)
ARGV  none of its own: the caller passes code
Returns nothing of its own. ]]
local function free_slot(slots, names, code)
  local slot = redis.call('HGET', slots, code)
  if not slot then return end
  -- What the columns have there is nobody's from now on.
  redis.call('SETRANGE', names, slot * NAME_BYTES, string.rep('\0', NAME_BYTES))
  redis.call('HDEL', slots, code)
end
