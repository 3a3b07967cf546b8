--[[ Count a visit: the visitor once for ever, the day's visits each time.
KEYS  shard (SET of int32), visitors (total), day (HASH), uniques of the day (HLL), window (rate limit, LIST)
ARGV  member (int32), element for the HLL (bytes), TTL of the HLL (seconds), limit (visits, 0 = none), window (microseconds),
      vote every (visits)
Returns {"ok", 1 when new or 0, visitors total} | {"limited", wait in microseconds}

One visit in `vote every` takes part in the day's majority vote (Boyer and Moore, 1981): `top` is the only address that can have
more than half of the votes, `lead` is its votes less all others' since it took the lead. ]]
-- uses kv.moving_window
local shard, visitors, day, uniques, recent = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local member, element, uniques_ttl, limit, window = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local vote_every = tonumber(ARGV[6])
local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000000 + microseconds
local wait = window_wait(recent, limit, window, now)
if wait > 0 then return {'limited', wait} end
window_hit(recent, limit, window, now)
local visits = redis.call('HINCRBY', day, 'visits', 1)
redis.call('PFADD', uniques, element)
if visits == 1 then redis.call('EXPIRE', uniques, uniques_ttl) end
if visits % vote_every == 1 then
  local top, lead = unpack(redis.call('HMGET', day, 'top', 'lead'))
  if tonumber(lead or '0') == 0 then
    redis.call('HSET', day, 'top', member, 'lead', 1)
  elseif top == member then
    redis.call('HINCRBY', day, 'lead', 1)
  else
    redis.call('HINCRBY', day, 'lead', -1)
  end
end
if redis.call('SADD', shard, member) == 0 then
  return {'ok', 0, redis.call('GET', visitors) or '0'}
end
redis.call('HINCRBY', day, 'visitors', 1)
return {'ok', 1, redis.call('INCR', visitors)}
