--[[ Set the mood.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  score ("0" to "10", at most one decimal), today ("YYYY-MM-DD", the site's day), the free plan
Returns {"ok"} | {"closed"} ]]
-- uses usertokens.activity
if create_stats(KEYS[1], KEYS[2], KEYS[3], ARGV[2], ARGV[3]) == nil then return {'closed'} end
redis.call('HSET', KEYS[1], 'mood_score', ARGV[1])
return {'ok'}
