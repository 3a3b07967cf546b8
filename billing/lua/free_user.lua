--[[ Give a lock back, if it is still the caller's.
KEYS  lock (STRING)
ARGV  the caller's token
Returns 1 when it was, 0 when it had run out ]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
