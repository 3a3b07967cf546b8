--[[ Note that a visit was not counted, and why.
KEYS  visitors (total), day (HASH), window (rate limit, LIST)
ARGV  field of the day (out:<reason>), limit (visits, 0 = none), window (microseconds)
Returns {"ok", visitors total} | {"limited", wait in microseconds} ]]
-- uses kv.moving_window
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = window_wait(KEYS[3], limit, window, now)
if wait > 0 then return {'limited', wait} end
window_hit(KEYS[3], limit, window, now)
redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
return {'ok', redis.call('GET', KEYS[1]) or '0'}
