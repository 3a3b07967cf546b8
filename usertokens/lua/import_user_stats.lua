--[[ Take over a user's activity from an older site, once: the larger of two counts, the newer of two days.
KEYS  stats (HASH), last log-in (STRING), tombstone
ARGV  today, last log-in there ("" = unknown; "YYYY-MM-DD"), the free plan,
      then field and value in turn (counts as ints, texts as they are)
Returns {"ok", "1" when taken over now, else "0"} | {"closed"} ]]
-- uses usertokens.activity
local stats, last_login, tombstone = KEYS[1], KEYS[2], KEYS[3]
local today, last_day, free_plan = ARGV[1], ARGV[2], ARGV[3]
local FIRST_FIELD = 4
if create_stats(stats, last_login, tombstone, today, free_plan) == nil then return {'closed'} end
if redis.call('HEXISTS', stats, 'imported') == 1 then return {'ok', '0'} end
local counts = {generations = true, conversations = true, days_active = true, login_streak = true, longest_streak = true}
for index = FIRST_FIELD, #ARGV, 2 do
  local name, value = ARGV[index], ARGV[index + 1]
  local current = redis.call('HGET', stats, name) or '0'
  if counts[name] then
    if tonumber(value) > tonumber(current) then redis.call('HSET', stats, name, value) end
  elseif current == '0' or current == '[]' or current == free_plan then
    redis.call('HSET', stats, name, value)
  end
end
if last_day ~= '' then redis.call('SET', last_login, last_day) end
redis.call('HSET', stats, 'imported', '1')
return {'ok', '1'}
