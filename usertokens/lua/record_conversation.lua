--[[ Set how many conversations there are and which are the newest, as the database has them: state, so it may be repeated.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  conversations (int), newest three (JSON), today ("YYYY-MM-DD", the site's day), the free plan
Returns {"ok"} | {"closed"} ]]
-- uses usertokens.activity
local stats, last_login, tombstone = KEYS[1], KEYS[2], KEYS[3]
local conversations, newest, today, free_plan = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if create_stats(stats, last_login, tombstone, today, free_plan) == nil then return {'closed'} end
redis.call('HSET', stats, 'conversations', conversations, 'recent_conversations', newest)
return {'ok'}
