--[[ Show one code of the registry to record_hit, or that it is gone from there.
KEYS  registry (HASH), unknown (SET), rank (ZSET), count of the code (STRING)
ARGV  code, "start|end|archived", of an alias "|its code" behind it, or "" when the registry has it no more
Returns "mirrored" | "gone" ]]
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('SREM', KEYS[2], ARGV[1])
  redis.call('ZADD', KEYS[3], 'NX', redis.call('GET', KEYS[4]) or '0', ARGV[1])
  return 'mirrored'
end
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then
  -- What was counted by name stays so; what was never hit leaves the list.
  if redis.call('EXISTS', KEYS[4]) == 1 then
    redis.call('SADD', KEYS[2], ARGV[1])
  else
    redis.call('ZREM', KEYS[3], ARGV[1])
  end
end
return 'gone'
