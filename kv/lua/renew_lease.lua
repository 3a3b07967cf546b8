--[[ Hold a duty's lease for longer, if it is still ours.
KEYS  lease
ARGV  token, lease (ms)
Returns "renewed" | "lost" ]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'renewed'
