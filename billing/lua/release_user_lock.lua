--[[ Give a lock back, if it is still the caller's.
KEYS  lock (STRING)
ARGV  the caller's token
Returns "freed" | "lost": it had run out ]]
local lock, token = KEYS[1], ARGV[1]
if redis.call('GET', lock) ~= token then return 'lost' end
redis.call('DEL', lock)
return 'freed'
