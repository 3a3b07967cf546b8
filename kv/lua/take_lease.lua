--[[ Take the lease of a duty when it is due or somebody woke it, so that one worker at a time runs it.
KEYS  lease, due, wake
ARGV  token, lease (ms), every (ms), "1" to take it though it is not due (otherwise "")
Returns {"taken", failures in a row so far} | {"held", ms that the other's lease still lasts} | {"waiting", ms until it is due}
The holder may take it again with its own token: it has lost the connection, not the lease. ]]
local lease, due, wake = KEYS[1], KEYS[2], KEYS[3]
local token, lease_ms, every, is_forced = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] ~= ''
local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000 + math.floor(microseconds / 1000)
local holder = redis.call('GET', lease)
if holder and holder ~= token then return {'held', redis.call('PTTL', lease)} end
local ended, failures = unpack(redis.call('HMGET', due, 'ended', 'failures'))
ended, failures = tonumber(ended or '0'), tonumber(failures or '0')
-- A duty that failed is tried again after 1, 2, 4 … 300 s. A wake-up does not shorten that.
local pause = failures == 0 and every or math.min(1000 * 2 ^ math.min(failures - 1, 20), 300000)
local woken = failures == 0 and redis.call('EXISTS', wake) == 1
-- A clock that was set back must not put a duty off for longer than its pause
-- (shown by tests/kv/test_duties.py::test_a_clock_set_back_puts_nothing_off).
local wait = ended == 0 and 0 or math.min(ended + pause - now, pause)
if wait > 0 and not woken and not is_forced then return {'waiting', wait} end
redis.call('SET', lease, token, 'PX', lease_ms)
redis.call('DEL', wake)
return {'taken', failures}
