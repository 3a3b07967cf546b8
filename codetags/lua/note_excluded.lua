--[[ Inside another script: note that a call was not counted, by its code and reason, and in the sums of all codes.
Used behind registry_entry.lua.
KEYS  none of its own: the caller passes registry (HASH), unknown (SET), left out in all (HASH), left out today (HASH)
ARGV  none of its own: the caller passes code ("" = none that can be read), reason, name of ~OTHER, TTL of a day (seconds)
      and its fields at most (int)
Returns nothing of its own. `listed_name` answers under which name a code is noted: its own, that of the code it counts
        for, or ~OTHER. ]]
-- A code that neither the registry nor a hit knows gets no fields of its own. Otherwise invented codes fill the memory.
local function listed_name(registry, unknown, code, other)
  local entry = redis.call('HGET', registry, code)
  if entry then return string.match(entry, TARGET) or code end
  if redis.call('SISMEMBER', unknown, code) == 1 then return code end
  return other
end
local function note_excluded(all, day, name, reason, other, day_ttl, most_fields)
  redis.call('HINCRBY', all, reason, 1)
  if redis.call('HINCRBY', day, reason, 1) == 1 then redis.call('EXPIRE', day, day_ttl) end
  if name == '' then return end
  redis.call('HINCRBY', all, name .. ' ' .. reason, 1)
  local is_full = redis.call('HLEN', day) >= tonumber(most_fields)
  if is_full and redis.call('HEXISTS', day, name .. ' ' .. reason) == 0 then name = other end
  redis.call('HINCRBY', day, name .. ' ' .. reason, 1)
end
