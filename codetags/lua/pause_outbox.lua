--[[ Nothing is posted for a while, since the receiver could not be reached.
KEYS  state (HASH)
ARGV  failures in a row (int), pause (ms, int)
Returns when the next step may begin, ms since 1970 ]]
local state, failures, pause = KEYS[1], ARGV[1], tonumber(ARGV[2])
local seconds, microseconds = unpack(redis.call('TIME'))
local due = string.format('%.0f', seconds * 1000 + math.floor(microseconds / 1000) + pause)
redis.call('HSET', state, 'failures', failures, 'next', due)
return due
