--[[ Give a lock back, if it is still the caller's.
KEYS  lock (STRING)
ARGV  the caller's token
Returns "freed" | "lost": it had run out ]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
redis.call('DEL', KEYS[1])
return 'freed'
