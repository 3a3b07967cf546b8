--[[ Keep what was observed, unless something newer is kept already.
KEYS  state (HASH)
ARGV  observation number, state (JSON), purchases (JSON)
Returns "kept" (also when this very observation was kept before) | "older": a newer one stays ]]
local stored = KEYS[1]
local observation, state, purchases = ARGV[1], ARGV[2], ARGV[3]
local kept = tonumber(redis.call('HGET', stored, 'observation') or '0')
if kept > tonumber(observation) then return 'older' end
redis.call('HSET', stored, 'observation', observation, 'standing', state, 'topups', purchases)
return 'kept'
