--[[ Set how many conversations there are and which are the newest, as the database has them: state, so it may be repeated.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  conversations (int), newest three (JSON), today ("YYYY-MM-DD", the site's day), the free plan
Returns {"ok"} | {"closed"} ]]
-- uses usertokens.activity
if create_stats(KEYS[1], KEYS[2], KEYS[3], ARGV[3], ARGV[4]) == nil then return {'closed'} end
redis.call('HSET', KEYS[1], 'conversations', ARGV[1], 'recent_conversations', ARGV[2])
return {'ok'}
