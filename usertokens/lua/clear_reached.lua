--[[ Budgets that were reached have been told. What was noted meanwhile stays.
KEYS  account (HASH)
ARGV  `reached` as it was read
Returns "cleared" | "changed" ]]
local account, told = KEYS[1], ARGV[1]
local now = redis.call('HGET', account, 'reached')
if now == told then
  redis.call('HDEL', account, 'reached')
  return 'cleared'
end
-- Lines that came behind it.
if now and string.sub(now, 1, #told + 1) == told .. '\n' then redis.call('HSET', account, 'reached', string.sub(now, #told + 2)) end
return 'changed'
