--[[ Forget what was left out of all codes, and note how many there were, so that counters stay as they are.
KEYS  left out in all (HASH), forgotten (HASH)
ARGV  then every reason
Returns how many calls there were (int) ]]
local excluded, forgotten, reasons = KEYS[1], KEYS[2], ARGV
local all = 0
for _, reason in ipairs(reasons) do
  local count = redis.call('HGET', excluded, reason) or '0'
  redis.call('HINCRBY', forgotten, reason, count)
  all = all + tonumber(count)
end
redis.call('DEL', excluded)
return all
