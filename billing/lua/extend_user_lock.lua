--[[ Keep a lock for its full time again, if it is still the caller's.
KEYS  lock (STRING)
ARGV  the caller's token, TTL (ms)
Returns "kept" | "lost": it had run out ]]
local lock, token, ttl = KEYS[1], ARGV[1], ARGV[2]
if redis.call('GET', lock) ~= token then return 'lost' end
redis.call('PEXPIRE', lock, ttl)
return 'kept'
