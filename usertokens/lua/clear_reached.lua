--[[ The user has been notified of budgets that were reached. What was noted meanwhile stays.
KEYS  account (HASH)
ARGV  `reached` as it was read
Returns "cleared" | "changed" ]]
local account, notified = KEYS[1], ARGV[1]
local now = redis.call('HGET', account, 'reached')
if now == notified then
  redis.call('HDEL', account, 'reached')
  return 'cleared'
end
-- Lines that came behind it.
if now and string.sub(now, 1, #notified + 1) == notified .. '\n' then redis.call('HSET', account, 'reached', string.sub(now, #notified + 2)) end
return 'changed'
