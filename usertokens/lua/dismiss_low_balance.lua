--[[ Put the note about a low balance away, until the next fall.
KEYS  account (HASH)
ARGV  none
Returns "put away" | "unknown": there is no account, and none is made ]]
local account = KEYS[1]
if redis.call('EXISTS', account) == 0 then return 'unknown' end
-- `low` is what older versions kept in its place.
redis.call('HDEL', account, 'low')
redis.call('HSET', account, 'seen', 1)
return 'put away'
