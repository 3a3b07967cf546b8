--[[ Count a visit: the visitor once for ever, the day's visits each time.
KEYS  shard (SET of int32), visitors (total), day (HASH), uniques of the day (HLL), window (rate limit, LIST)
ARGV  member (int32), element for the HLL (bytes), TTL of the HLL (seconds), limit (visits, 0 = none), window (microseconds)
Returns {"ok", 1 when new or 0, visitors total} | {"limited", wait in microseconds}

Every eighth visit takes part in the day's majority vote (Boyer and Moore, 1981): `top` is the only address that can have
more than half of the votes, `lead` its votes less all others' since it took the lead. ]]
-- uses kv.moving_window
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window = tonumber(ARGV[4]), tonumber(ARGV[5])
local wait = window_wait(KEYS[5], limit, window, now)
if wait > 0 then return {'limited', wait} end
window_hit(KEYS[5], limit, window, now)
local visits = redis.call('HINCRBY', KEYS[3], 'visits', 1)
redis.call('PFADD', KEYS[4], ARGV[2])
if visits == 1 then redis.call('EXPIRE', KEYS[4], ARGV[3]) end
if visits % 8 == 1 then
  local vote = redis.call('HMGET', KEYS[3], 'top', 'lead')
  local lead = tonumber(vote[2] or '0')
  if lead == 0 then
    redis.call('HSET', KEYS[3], 'top', ARGV[1], 'lead', 1)
  elseif vote[1] == ARGV[1] then
    redis.call('HINCRBY', KEYS[3], 'lead', 1)
  else
    redis.call('HINCRBY', KEYS[3], 'lead', -1)
  end
end
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then
  return {'ok', 0, redis.call('GET', KEYS[2]) or '0'}
end
redis.call('HINCRBY', KEYS[3], 'visitors', 1)
return {'ok', 1, redis.call('INCR', KEYS[2])}
