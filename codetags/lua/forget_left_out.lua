--[[ Forget what was noted as not counted of one code, and take it out of the sums.
KEYS  left out in all, and of each day (HASHes)
ARGV  code, then every reason
Returns how many calls the first of them had (int) ]]
local forgotten = 0
for place, key in ipairs(KEYS) do
  for reason = 2, #ARGV do
    local field = ARGV[1] .. ' ' .. ARGV[reason]
    local count = redis.call('HGET', key, field)
    if count then
      redis.call('HDEL', key, field)
      redis.call('HINCRBY', key, ARGV[reason], '-' .. count)
      if place == 1 then forgotten = forgotten + count end
    end
  end
end
return forgotten
