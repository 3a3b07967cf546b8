--[[ Remove everything of a user and leave a tombstone, so that nothing late brings any of it back.
KEYS  tombstone, then every key of the user
ARGV  how long the tombstone stands (seconds)
Returns {"ok", keys removed} ]]
local keys = {unpack(KEYS, 2)}
local removed = redis.call('DEL', unpack(keys))
redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
return {'ok', string.format('%.0f', removed)}
