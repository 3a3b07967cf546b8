--[[ Remove everything of a user and leave a tombstone, so that nothing late brings any of it back.
KEYS  tombstone, then every key of the user
ARGV  how long the tombstone stands (seconds)
Returns {"ok", keys removed} ]]
local tombstone, ttl = KEYS[1], ARGV[1]
local keys = {unpack(KEYS, 2)}
local removed = redis.call('DEL', unpack(keys))
redis.call('SET', tombstone, '1', 'EX', ttl)
return {'ok', string.format('%.0f', removed)}
