--[[ Hold on to a lock for its full time again, if it is still the caller's.
KEYS  lock (STRING)
ARGV  the caller's token, TTL (ms)
Returns "kept" | "lost": it had run out ]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'kept'
