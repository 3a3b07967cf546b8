--[[ Count one request against a limit that stands beside no other operation.
KEYS  window
ARGV  amount (requests, int > 0), window (microseconds)
Returns 0 when it was counted | the microseconds until the next is allowed, nothing counted ]]
-- uses kv.moving_window
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local amount, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local wait = window_wait(KEYS[1], amount, window, now)
if wait == 0 then window_hit(KEYS[1], amount, window, now) end
return wait
