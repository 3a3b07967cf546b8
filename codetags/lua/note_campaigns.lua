--[[ Note the campaigns of codes in the column of campaigns. What lies behind its end is read from SQL when it is added.
KEYS  slots (HASH), campaigns (STRING)
ARGV  any number of codes and behind each its campaign (8 bytes, as add_campaigns has them)
Returns how many were noted (int) ]]
local slots, campaigns = KEYS[1], KEYS[2]
local FIRST_CODE = 1
local LANE_BYTES = 8
local known, noted = redis.call('STRLEN', campaigns) / LANE_BYTES, 0
for index = FIRST_CODE, #ARGV, 2 do
  local slot = tonumber(redis.call('HGET', slots, ARGV[index]) or known)
  if slot < known then
    redis.call('SETRANGE', campaigns, slot * LANE_BYTES, ARGV[index + 1])
    noted = noted + 1
  end
end
return noted
