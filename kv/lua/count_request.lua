--[[ Count one request against a limit that stands beside no other operation.
KEYS  window
ARGV  amount (requests, int > 0), window (microseconds)
Returns 0 when it was counted | the microseconds until the next is allowed, nothing counted ]]
-- uses kv.moving_window
local hits, amount, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000000 + microseconds
local wait = window_wait(hits, amount, window, now)
if wait == 0 then window_hit(hits, amount, window, now) end
return wait
