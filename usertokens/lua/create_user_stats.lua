--[[ Make a user's activity, once.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  today ("YYYY-MM-DD", the site's day), the free plan
Returns {"ok", "1" when made now, else "0"} | {"closed"} ]]
-- uses usertokens.activity
local made = create_stats(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2])
if made == nil then return {'closed'} end
return {'ok', made and '1' or '0'}
