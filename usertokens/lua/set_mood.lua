--[[ Set the mood.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  score ("0" to "10", at most one decimal), today ("YYYY-MM-DD", the site's day), the free plan
Returns {"ok"} | {"closed"} ]]
-- uses usertokens.activity
local stats, last_login, tombstone = KEYS[1], KEYS[2], KEYS[3]
local score, today, free_plan = ARGV[1], ARGV[2], ARGV[3]
if create_stats(stats, last_login, tombstone, today, free_plan) == nil then return {'closed'} end
redis.call('HSET', stats, 'mood_score', score)
return {'ok'}
