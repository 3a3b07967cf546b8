--[[ Note that what was observed has taken effect, unless something newer was observed meanwhile.
KEYS  standing (HASH)
ARGV  observation number
Returns "noted" | "older": another observation stands there ]]
local standing, observation = KEYS[1], ARGV[1]
if redis.call('HGET', standing, 'observation') ~= observation then return 'older' end
redis.call('HSET', standing, 'applied', observation)
return 'noted'
