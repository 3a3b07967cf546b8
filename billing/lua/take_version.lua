--[[ Give out the next version of one user.
It grows with the clock (ms), so that it also grows over a restored backup. It does not fall when the clock is set back
(shown by tests/billing/test_subscription_states.py::test_a_clock_set_back_gives_out_no_smaller_number).
KEYS  the last version (STRING)
ARGV  none
Returns the version, as a string ]]
local counter = KEYS[1]
local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000 + math.floor(microseconds / 1000)
local last = tonumber(redis.call('GET', counter) or '0')
local number = string.format('%.0f', math.max(now, last + 1))
redis.call('SET', counter, number)
return number
