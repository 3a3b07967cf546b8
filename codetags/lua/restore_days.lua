--[[ Bring one code's daily series up to what SQL remembers; a live count is never lowered
(shown by tests/codetags/test_rollup.py::test_lowers_no_live_count), and no last hit set back
(shown by tests/codetags/test_rollup.py::test_a_restore_sets_no_last_hit_back).
KEYS  count (STRING), days (HASH), rank (ZSET), last_seen (ZSET), registry (HASH), unknown (SET), slots (HASH),
      names (STRING), then the column of each day and that of its month in turn
ARGV  code, last seen if the store knows none (ms since 1970), "1" to change nothing (otherwise ""),
      then day (YYYY-MM-DD) and hits of that day in turn
Returns hits that were missing (text) ]]
-- uses codetags.code_names
-- uses codetags.add_hits
local count, days, rank, last_seen = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local registry, unknown, slots, names = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local code, seen, is_dry = ARGV[1], ARGV[2], ARGV[3] == '1'
local FIRST_DAY = 4
local FIRST_COLUMN = 9
local missing, raised = 0, {}
for index = FIRST_DAY, #ARGV, 2 do
  local day, hits = ARGV[index], tonumber(ARGV[index + 1])
  local more = hits - tonumber(redis.call('HGET', days, day) or '0')
  if more > 0 then
    missing = missing + more
    local place = FIRST_COLUMN + index - FIRST_DAY
    raised[#raised + 1] = {day = day, more = string.format('%.0f', more), column = KEYS[place], month = KEYS[place + 1]}
  end
end
local restored = string.format('%.0f', missing)
if missing == 0 or is_dry then return restored end
local is_new = redis.call('EXISTS', days) == 0
for _, one in ipairs(raised) do
  redis.call('HINCRBY', days, one.day, one.more)
  add_hits(slots, names, one.column, one.month, code, one.more, is_new)
end
redis.call('ZADD', rank, string.format('%.0f', redis.call('INCRBY', count, restored)), code)
redis.call('ZADD', last_seen, 'NX', seen, code)
if redis.call('HEXISTS', registry, code) == 0 and string.sub(code, 1, 1) ~= '~' then
  redis.call('SADD', unknown, code)
end
return restored
