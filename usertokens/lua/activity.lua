--[[ A user's activity inside other scripts: the hash made on the first day, and a day counted once.
KEYS  none of its own: the caller passes stats (HASH), last log-in (STRING) and the tombstone
ARGV  none of its own: days are "YYYY-MM-DD" and their numbers since 1970, the plan is the free one's name, from the caller
Returns  nothing of its own: `create_stats` answers true when made now, false when there before, nil when the account is
         closed. ]]
local function create_stats(stats, last_login, tombstone, day, plan)
  if redis.call('HEXISTS', stats, 'days_active') == 1 then return false end
  if redis.call('EXISTS', tombstone) == 1 then return nil end
  for _, pair in ipairs({{'conversations', '0'}, {'generations', '0'}, {'mood_score', '0'}, {'days_active', '1'},
    {'recent_conversations', '[]'}, {'plan', plan}, {'login_streak', '1'}, {'longest_streak', '1'}, {'days', '0:1'}}) do
    redis.call('HSETNX', stats, unpack(pair))
  end
  redis.call('SET', last_login, day)
  return true
end
