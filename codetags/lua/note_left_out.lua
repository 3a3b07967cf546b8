--[[ Inside another script: note that a call was not counted, by its code and reason, and in the sums of all codes.
KEYS  none of its own: the caller passes registry (HASH), unknown (SET), left out in all (HASH), left out today (HASH)
ARGV  none of its own: code ("" = none that can be read), name of ~OTHER, reason, TTL of a day (seconds) and its fields at
      most come from the caller
Returns, from listed_name, under which name a code is noted: its own, that of the code it counts for, or ~OTHER. ]]
-- What no registry and no hit knows gets no fields of its own, or whoever invents codes would fill the memory.
local function listed_name(registry, unknown, code, other)
  local entry = redis.call('HGET', registry, code)
  if entry then
    local target = string.match(entry, '^[^|]*|[^|]*|.|(.+)$')
    return target or code
  end
  if redis.call('SISMEMBER', unknown, code) == 1 then return code end
  return other
end
local function note_left_out(all, day, name, reason, other, ttl, most)
  redis.call('HINCRBY', all, reason, 1)
  if redis.call('HINCRBY', day, reason, 1) == 1 then redis.call('EXPIRE', day, ttl) end
  if name == '' then return end
  redis.call('HINCRBY', all, name .. ' ' .. reason, 1)
  if redis.call('HLEN', day) >= tonumber(most) and redis.call('HEXISTS', day, name .. ' ' .. reason) == 0 then name = other end
  redis.call('HINCRBY', day, name .. ' ' .. reason, 1)
end
