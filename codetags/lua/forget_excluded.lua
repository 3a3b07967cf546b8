--[[ Forget what was noted as not counted of one code, and take it out of the sums.
KEYS  left out in all (HASH), forgotten (HASH), then left out on each day (HASHes)
ARGV  code, then every reason
Returns how many calls the first of them had (int) ]]
local excluded, forgotten, hashes, code = KEYS[1], KEYS[2], KEYS, ARGV[1]
local FIRST_REASON = 2
local all = 0
for _, key in ipairs(hashes) do
  for index = FIRST_REASON, #ARGV do
    local reason = ARGV[index]
    local field = code .. ' ' .. reason
    local count = redis.call('HGET', key, field)
    if count then
      redis.call('HDEL', key, field)
      redis.call('HINCRBY', key, reason, '-' .. count)
      if key == excluded then
        redis.call('HINCRBY', forgotten, reason, count)
        all = all + count
      end
    end
  end
end
return all
