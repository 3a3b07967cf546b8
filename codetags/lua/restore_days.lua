--[[ Bring one code's daily series up to what SQL remembers; a live count is never lowered
(shown by tests/codetags/test_rollup.py::test_lowers_no_live_count), and no last hit set back
(shown by tests/codetags/test_rollup.py::test_a_restore_sets_no_last_hit_back).
KEYS  count (STRING), days (HASH), rank (ZSET), last_seen (ZSET), registry (HASH), unknown (SET)
ARGV  code, last seen if the store knows none (ms since 1970), "1" to change nothing, otherwise "",
      then day (YYYY-MM-DD) and hits of that day, in turn
Returns hits that were missing (text) ]]
local missing, raised = 0, {}
for place = 4, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', KEYS[2], ARGV[place]) or '0')
  local more = tonumber(ARGV[place + 1]) - known
  if more > 0 then
    missing = missing + more
    raised[#raised + 1] = {ARGV[place], string.format('%.0f', more)}
  end
end
local restored = string.format('%.0f', missing)
if missing == 0 or ARGV[3] == '1' then return restored end
for _, day in ipairs(raised) do redis.call('HINCRBY', KEYS[2], day[1], day[2]) end
local count = redis.call('INCRBY', KEYS[1], restored)
redis.call('ZADD', KEYS[3], string.format('%.0f', count), ARGV[1])
redis.call('ZADD', KEYS[4], 'NX', ARGV[2], ARGV[1])
if redis.call('HEXISTS', KEYS[5], ARGV[1]) == 0 and string.sub(ARGV[1], 1, 1) ~= '~' then
  redis.call('SADD', KEYS[6], ARGV[1])
end
return restored
