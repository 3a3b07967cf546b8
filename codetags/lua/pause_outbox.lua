--[[ Nothing is posted for a while, since the receiver could not be reached.
KEYS  state (HASH)
ARGV  failures in a row (int), pause (ms, int)
Returns when the next step may begin, ms since 1970 ]]
local time = redis.call('TIME')
local due = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2])
redis.call('HSET', KEYS[1], 'failures', ARGV[1], 'next', due)
return due
