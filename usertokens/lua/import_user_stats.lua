--[[ Take over a user's activity from an older site, once: the larger of two counts, the newer of two days.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  today, last log-in there ("" = unknown; "YYYY-MM-DD"), the free plan, then field, value, … (counts as ints, texts as they are)
Returns {"ok", "1" when taken over now, else "0"} | {"closed"} ]]
-- uses usertokens.activity
if create_stats(KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[3]) == nil then return {'closed'} end
if redis.call('HEXISTS', KEYS[1], 'imported') == 1 then return {'ok', '0'} end
local counts = {generations = true, conversations = true, days_active = true, login_streak = true, longest_streak = true}
for index = 4, #ARGV, 2 do
  local name, value = ARGV[index], ARGV[index + 1]
  local current = redis.call('HGET', KEYS[1], name) or '0'
  if counts[name] then
    if tonumber(value) > tonumber(current) then redis.call('HSET', KEYS[1], name, value) end
  elseif current == '0' or current == '[]' or current == ARGV[3] then
    redis.call('HSET', KEYS[1], name, value)
  end
end
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2]) end
redis.call('HSET', KEYS[1], 'imported', '1')
return {'ok', '1'}
