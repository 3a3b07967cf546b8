--[[ Store a user's subscription state and purchases, unless a newer version is stored already.
KEYS  state (HASH)
ARGV  version, state (JSON), purchases (JSON)
Returns "kept" (also when this version was stored before) | "older": a newer one stays ]]
local stored = KEYS[1]
local version, state, purchases = ARGV[1], ARGV[2], ARGV[3]
local kept = tonumber(redis.call('HGET', stored, 'observation') or '0')
if kept > tonumber(version) then return 'older' end
redis.call('HSET', stored, 'observation', version, 'standing', state, 'topups', purchases)
return 'kept'
