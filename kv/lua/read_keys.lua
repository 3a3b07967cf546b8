--[[ The values of keys of one hash tag, read at one moment, as long as they are not too many.
KEYS  any number of keys of one tag
ARGV  budget (elements; a string counts one for each 64 bytes), "1" where fields have an expiry of their own (otherwise "")
Returns for each key {type, expiry (ms since 1970, -1 = never), {values…}, {field, its expiry, …}}, false for one that is
not there. It returns fewer than it was given when the budget has run out or the next key is a stream. The keys were then
not all read at one moment. ]]
local keys, budget, has_field_expiry = KEYS, tonumber(ARGV[1]), ARGV[2] ~= ''
local sizes = { string = 'STRLEN', list = 'LLEN', set = 'SCARD', zset = 'ZCARD', hash = 'HLEN' }
local found = {}
for place, key in ipairs(keys) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then
    found[place] = false
  else
    local size = sizes[kind]
    if not size then return found end
    local cost = redis.call(size, key)
    if kind == 'string' then cost = cost / 64 end
    budget = budget - cost - 1
    if budget < 0 then return found end
    local values
    if kind == 'string' then values = { redis.call('GET', key) }
    elseif kind == 'list' then values = redis.call('LRANGE', key, 0, -1)
    elseif kind == 'set' then values = redis.call('SMEMBERS', key)
    elseif kind == 'zset' then values = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    else values = redis.call('HGETALL', key) end
    local expiries = {}
    if kind == 'hash' and has_field_expiry then
      for field = 1, #values, 2 do
        local at = redis.call('HPEXPIRETIME', key, 'FIELDS', 1, values[field])[1]
        if at > 0 then
          expiries[#expiries + 1] = values[field]
          expiries[#expiries + 1] = string.format('%.0f', at)
        end
      end
    end
    found[place] = { kind, redis.call('PEXPIRETIME', key), values, expiries }
  end
end
return found
