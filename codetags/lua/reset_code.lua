--[[ Forget every hit of one code; a code of the registry stays in the list, at 0.
KEYS  count (STRING), days (HASH), last_seen (ZSET), rank (ZSET), registry (HASH), unknown (SET), slots (HASH),
      names (STRING), placements (ZSET), then the breakdown of each day (HASHes)
ARGV  code
Returns hits that were forgotten (text) ]]
-- uses codetags.code_names
-- uses codetags.free_slot
local count, days, last_seen, rank, registry, unknown, slots, names, placements = unpack(KEYS)
local FIRST_BREAKDOWN = 10
local code = ARGV[1]
local forgotten = redis.call('GET', count) or '0'
redis.call('DEL', count, days, placements)
for index = FIRST_BREAKDOWN, #KEYS do redis.call('UNLINK', KEYS[index]) end
redis.call('ZREM', last_seen, code)
free_slot(slots, names, code)
redis.call('SREM', unknown, code)
if redis.call('HEXISTS', registry, code) == 1 then
  redis.call('ZADD', rank, 0, code)
else
  redis.call('ZREM', rank, code)
end
return forgotten
