--[[ Note that the state of this version has taken effect, unless a newer version is stored.
KEYS  state (HASH)
ARGV  version
Returns "noted" | "older": another version stands there ]]
local stored, version = KEYS[1], ARGV[1]
if redis.call('HGET', stored, 'observation') ~= version then return 'older' end
redis.call('HSET', stored, 'applied', version)
return 'noted'
