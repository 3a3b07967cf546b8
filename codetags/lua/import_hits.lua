--[[ Take over hits that another place has counted: only what it counted since the last time.
KEYS  imported (HASH), count (STRING), days (HASH), rank (ZSET), registry (HASH), unknown (SET)
ARGV  field (source and name), code, day (YYYY-MM-DD), hits there so far (int), "1" to change nothing, otherwise ""
Returns hits that were new (text, since a number of Lua's is a double) ]]
local more = tonumber(ARGV[4]) - tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
if more <= 0 then return '0' end
more = string.format('%.0f', more)
if ARGV[5] == '1' then return more end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
redis.call('HINCRBY', KEYS[3], ARGV[3], more)
redis.call('ZADD', KEYS[4], string.format('%.0f', redis.call('INCRBY', KEYS[2], more)), ARGV[2])
if redis.call('HEXISTS', KEYS[5], ARGV[2]) == 0 then redis.call('SADD', KEYS[6], ARGV[2]) end
return more
