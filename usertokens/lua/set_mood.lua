--[[ Set the mood, and keep it as the one of its day.
KEYS  stats (HASH), last log-in (STRING), tombstone, moods (LIST of "YYYY-MM-DD=score", oldest first)
ARGV  score ("0" to "10", at most one decimal), today ("YYYY-MM-DD", the site's day), the free plan, most days kept
Returns {"ok"} | {"closed"} ]]
-- uses usertokens.activity
local stats, last_login, tombstone, moods = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local score, today, free_plan, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if create_stats(stats, last_login, tombstone, today, free_plan) == nil then return {'closed'} end
redis.call('HSET', stats, 'mood_score', score)
-- A clock that runs behind changes the last day's: the list stays in the order of days, one entry for each.
local last = string.sub(redis.call('LINDEX', moods, -1) or '', 1, 10)
if last >= today then
  redis.call('LSET', moods, -1, last .. '=' .. score)
else
  redis.call('RPUSH', moods, today .. '=' .. score)
  redis.call('LTRIM', moods, -most, -1)
end
return {'ok'}
