--[[ Forget every hit of one code; a code of the registry stays in the list, at 0.
KEYS  count (STRING), days (HASH), last_seen (ZSET), rank (ZSET), registry (HASH), unknown (SET)
ARGV  code
Returns hits that were forgotten (text) ]]
local count, days, last_seen, rank, registry, unknown = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local code = ARGV[1]
local forgotten = redis.call('GET', count) or '0'
redis.call('DEL', count, days)
redis.call('ZREM', last_seen, code)
redis.call('SREM', unknown, code)
if redis.call('HEXISTS', registry, code) == 1 then
  redis.call('ZADD', rank, 0, code)
else
  redis.call('ZREM', rank, code)
end
return forgotten
