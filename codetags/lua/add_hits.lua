--[[ Inside another script: add hits of a code to the columns of a day and of its month.
Used behind code_names.lua. What a column is: codetags/services/columns.py.
KEYS  none of its own: the caller passes slots (HASH), names (STRING), and the columns of the day and the month (STRINGs)
ARGV  none of its own: the caller passes code, hits (int) and whether the code had no hits before
Returns nothing of its own. ]]
local function add_hits(slots, names, day, month, code, hits, is_new)
  local slot = redis.call('HGET', slots, code)
  if not slot then
    -- Hits that an older version has counted: add_series writes the whole series, with these.
    if not is_new then return end
    slot = redis.call('STRLEN', names) / NAME_BYTES
    redis.call('APPEND', names, code .. string.rep('\0', NAME_BYTES - #code))
    redis.call('HSET', slots, code, slot)
  end
  local place = '#' .. slot
  local fits = redis.call('BITFIELD', day, 'OVERFLOW', 'FAIL', 'INCRBY', 'u32', place, hits)[1]
    and redis.call('BITFIELD', month, 'OVERFLOW', 'FAIL', 'INCRBY', 'u32', place, hits)[1]
  if not fits then redis.call('SETRANGE', names, slot * NAME_BYTES + NAME_BYTES - 1, IN_SERIES) end
end
