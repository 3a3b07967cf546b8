--[[ Hold on to a lock for its full time again, if it is still the caller's.
KEYS  lock (STRING)
ARGV  the caller's token, TTL (ms)
Returns 1 when it is, 0 when it had run out ]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
