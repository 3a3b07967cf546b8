--[[ A fall to the user's own threshold is dealt with. A later fall stays.
KEYS  account (HASH)
ARGV  `crossed` as it was read
Returns "cleared" | "changed" ]]
local account, seen = KEYS[1], ARGV[1]
if redis.call('HGET', account, 'crossed') ~= seen then return 'changed' end
redis.call('HDEL', account, 'crossed')
return 'cleared'
