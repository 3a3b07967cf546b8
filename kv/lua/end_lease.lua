--[[ Give a duty's lease back, if it is still the caller's, and write down when and how the run ended.
KEYS  lease, due
ARGV  token, "1" when more work waits (otherwise ""), failures in a row
Returns "ended" | "lost" ]]
local lease, due = KEYS[1], KEYS[2]
local token, has_more, failures = ARGV[1], ARGV[2] ~= '', ARGV[3]
if redis.call('GET', lease) ~= token then return 'lost' end
local seconds, microseconds = unpack(redis.call('TIME'))
local now = string.format('%.0f', seconds * 1000 + math.floor(microseconds / 1000))
-- A run that ended at 0 is due at once.
redis.call('HSET', due, 'ended', has_more and '0' or now, 'failures', failures, 'last', now)
redis.call('HINCRBY', due, 'runs', 1)
if failures ~= '0' then redis.call('HINCRBY', due, 'failed', 1) end
redis.call('DEL', lease)
return 'ended'
