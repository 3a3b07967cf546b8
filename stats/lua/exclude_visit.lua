--[[ Note that a visit was not counted, and why.
KEYS  visitors (total), day (HASH), window (rate limit, LIST)
ARGV  field of the day (out:<reason>), limit (visits, 0 = none), window (microseconds)
Returns {"ok", visitors total} | {"limited", wait in microseconds} ]]
-- uses kv.moving_window
local visitors, day, recent = KEYS[1], KEYS[2], KEYS[3]
local field, limit, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000000 + microseconds
local wait = window_wait(recent, limit, window, now)
if wait > 0 then return {'limited', wait} end
window_hit(recent, limit, window, now)
redis.call('HINCRBY', day, field, 1)
return {'ok', redis.call('GET', visitors) or '0'}
