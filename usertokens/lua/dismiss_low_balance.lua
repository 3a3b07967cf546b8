--[[ Put the note about a low balance away, until the next fall.
KEYS  account (HASH)
ARGV  none
Returns "put away" | "unknown": there is no account, and none is made ]]
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown' end
-- `low` is what older versions kept in its place.
redis.call('HDEL', KEYS[1], 'low')
redis.call('HSET', KEYS[1], 'seen', 1)
return 'put away'
