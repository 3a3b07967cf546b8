--[[ Take the lease of a duty when it is due or somebody woke it, so that one worker at a time runs it.
KEYS  lease, due, wake
ARGV  token, lease (ms), every (ms), "1" to take it though it is not due, otherwise ""
Returns {"taken", failures in a row so far} | {"held", ms that the other's lease still lasts} | {"waiting", ms until it is due}
The holder may take it again with its own token: it has lost the connection, not the lease. ]]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {'held', redis.call('PTTL', KEYS[1])} end
local state = redis.call('HMGET', KEYS[2], 'ended', 'failures')
local ended, failures = tonumber(state[1] or '0'), tonumber(state[2] or '0')
-- What failed is tried again after 1, 2, 4 … 300 s, and no one's wake-up hurries that.
local pause = failures == 0 and tonumber(ARGV[3]) or math.min(1000 * 2 ^ math.min(failures - 1, 20), 300000)
local woken = failures == 0 and redis.call('EXISTS', KEYS[3]) == 1
-- A clock that was set back must not put a duty off for longer than its pause
-- (shown by tests/kv/test_duties.py::test_a_clock_set_back_puts_nothing_off).
local wait = ended == 0 and 0 or math.min(ended + pause - now, pause)
if wait > 0 and not woken and ARGV[4] == '' then return {'waiting', wait} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[3])
return {'taken', failures}
