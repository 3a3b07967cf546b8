--[[ Hold a duty's lease for longer, if it is still the caller's.
KEYS  lease
ARGV  token, lease (ms)
Returns "renewed" | "lost" ]]
local lease, token, lease_ms = KEYS[1], ARGV[1], ARGV[2]
if redis.call('GET', lease) ~= token then return 'lost' end
redis.call('PEXPIRE', lease, lease_ms)
return 'renewed'
