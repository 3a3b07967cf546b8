--[[ Keep what was observed, unless something newer is kept already.
KEYS  standing (HASH)
ARGV  observation number, standing (JSON), purchases (JSON)
Returns "kept" (also when this very observation was kept before) | "older": a newer one stays ]]
local kept = tonumber(redis.call('HGET', KEYS[1], 'observation') or '0')
if kept > tonumber(ARGV[1]) then return 'older' end
redis.call('HSET', KEYS[1], 'observation', ARGV[1], 'standing', ARGV[2], 'topups', ARGV[3])
return 'kept'
