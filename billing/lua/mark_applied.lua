--[[ Note that what was observed has taken effect, unless something newer was observed meanwhile.
KEYS  standing (HASH)
ARGV  observation number
Returns "noted" | "older": another observation stands there ]]
if redis.call('HGET', KEYS[1], 'observation') ~= ARGV[1] then return 'older' end
redis.call('HSET', KEYS[1], 'applied', ARGV[1])
return 'noted'
