--[[ Forget every hit of one code; a code of the registry stays in the list, at 0.
KEYS  count (STRING), days (HASH), last_seen (ZSET), rank (ZSET), registry (HASH), unknown (SET)
ARGV  code
Returns hits that were forgotten (text) ]]
local count = redis.call('GET', KEYS[1]) or '0'
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('SREM', KEYS[6], ARGV[1])
if redis.call('HEXISTS', KEYS[5], ARGV[1]) == 1 then
  redis.call('ZADD', KEYS[4], 0, ARGV[1])
else
  redis.call('ZREM', KEYS[4], ARGV[1])
end
return count
