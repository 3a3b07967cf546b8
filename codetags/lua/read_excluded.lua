--[[ How many calls were ever left out, those of codes that were reset since among them, as of one moment.
KEYS  left out in all (HASH), forgotten (HASH)
ARGV  then every reason
Returns the sum for each reason, in order (int) ]]
local excluded, forgotten, reasons = KEYS[1], KEYS[2], ARGV
local found = {}
for index, reason in ipairs(reasons) do
  local now = tonumber(redis.call('HGET', excluded, reason) or '0')
  found[index] = now + tonumber(redis.call('HGET', forgotten, reason) or '0')
end
return found
