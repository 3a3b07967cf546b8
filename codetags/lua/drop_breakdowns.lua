--[[ Take breakdowns of old days out of the store, each only while it has no more hits than SQL
(shown by tests/codetags/test_breakdown_copies.py::test_what_sql_lacks_stays).
KEYS  mark (STRING), then breakdowns (HASHes)
ARGV  the mark's new value, then for each breakdown the hits in all its fields that SQL has (int)
Returns how many were dropped ]]
local mark, value = KEYS[1], ARGV[1]
local FIRST_BREAKDOWN = 2
local dropped = 0
for index = FIRST_BREAKDOWN, #KEYS do
  local sum = 0
  for _, hits in ipairs(redis.call('HVALS', KEYS[index])) do sum = sum + tonumber(hits) end
  if sum > 0 and sum <= tonumber(ARGV[index]) then dropped = dropped + redis.call('UNLINK', KEYS[index]) end
end
redis.call('SET', mark, value)
return dropped
