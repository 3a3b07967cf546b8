--[[ The mail about a fall of the balance is queued. A later fall stays.
KEYS  account (HASH)
ARGV  `fallen` as it was read
Returns "cleared" | "changed" ]]
local account, seen = KEYS[1], ARGV[1]
if redis.call('HGET', account, 'fallen') ~= seen then return 'changed' end
redis.call('HDEL', account, 'fallen')
return 'cleared'
