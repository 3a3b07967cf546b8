--[[ Take over hits that another place has counted: only what it counted since the last time.
KEYS  imported (HASH), count (STRING), days (HASH), rank (ZSET), registry (HASH), unknown (SET), slots (HASH),
      names (STRING), column of the day (STRING), column of its month (STRING)
ARGV  field (source and name), code, day (YYYY-MM-DD), hits there so far (int), "1" to change nothing (otherwise "")
Returns hits that were new (text, since a number of Lua's is a double) ]]
-- uses codetags.code_names
-- uses codetags.add_hits
local imported, count, days, rank, registry, unknown, slots, names, column, month_column = unpack(KEYS)
local field, code, day, hits, is_dry = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5] == '1'
local added = tonumber(hits) - tonumber(redis.call('HGET', imported, field) or '0')
if added <= 0 then return '0' end
local more = string.format('%.0f', added)
if is_dry then return more end
redis.call('HSET', imported, field, hits)
redis.call('HINCRBY', days, day, more)
local total = redis.call('INCRBY', count, more)
redis.call('ZADD', rank, string.format('%.0f', total), code)
add_hits(slots, names, column, month_column, code, more, total == added)
if redis.call('HEXISTS', registry, code) == 0 then redis.call('SADD', unknown, code) end
return more
