--[[ Note that what was observed has taken effect, unless something newer was observed meanwhile.
KEYS  state (HASH)
ARGV  observation number
Returns "noted" | "older": another observation stands there ]]
local state, observation = KEYS[1], ARGV[1]
if redis.call('HGET', state, 'observation') ~= observation then return 'older' end
redis.call('HSET', state, 'applied', observation)
return 'noted'
