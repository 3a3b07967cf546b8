--[[ Note that what was observed has taken effect, unless something newer was observed meanwhile.
KEYS  standing (HASH)
ARGV  observation number
Returns 1 when it is noted, 0 when a newer one stands there ]]
if redis.call('HGET', KEYS[1], 'observation') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'applied', ARGV[1])
return 1
