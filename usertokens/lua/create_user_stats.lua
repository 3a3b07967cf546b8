--[[ Make a user's activity, once.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  today ("YYYY-MM-DD", the site's day), the free plan
Returns {"ok", "1" when made now, else "0"} | {"closed"} ]]
-- uses usertokens.activity
local stats, last_login, tombstone = KEYS[1], KEYS[2], KEYS[3]
local today, free_plan = ARGV[1], ARGV[2]
local made = create_stats(stats, last_login, tombstone, today, free_plan)
if made == nil then return {'closed'} end
return {'ok', made and '1' or '0'}
