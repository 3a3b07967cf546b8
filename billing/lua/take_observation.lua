--[[ Give out the next observation number of one user.
It grows with the clock (ms), so that it also grows over a restored backup; it never falls behind when the clock does
(shown by tests/billing/test_standings.py::test_a_clock_set_back_gives_out_no_smaller_number).
KEYS  the number (STRING)
ARGV  none
Returns the number, as a string ]]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local number = string.format('%.0f', math.max(now, last + 1))
redis.call('SET', KEYS[1], number)
return number
