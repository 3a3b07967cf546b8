--[[ Show one code of the registry to record_hit, or that it is gone from there.
KEYS  registry (HASH), unknown (SET), rank (ZSET), count of the code (STRING)
ARGV  code, entry as in registry_entry.lua ("" when the registry does not have the code any more)
Returns "mirrored" | "gone" ]]
local registry, unknown, rank, count = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local code, entry = ARGV[1], ARGV[2]
if entry ~= '' then
  redis.call('HSET', registry, code, entry)
  redis.call('SREM', unknown, code)
  redis.call('ZADD', rank, 'NX', redis.call('GET', count) or '0', code)
  return 'mirrored'
end
if redis.call('HDEL', registry, code) == 1 then
  -- Hits that were counted by name stay. A code that was never hit leaves the list.
  if redis.call('EXISTS', count) == 1 then
    redis.call('SADD', unknown, code)
  else
    redis.call('ZREM', rank, code)
  end
end
return 'gone'
