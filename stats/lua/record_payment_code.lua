--[[ Count a payment code and its amount, once for each id.
KEYS  mark of the id (STRING), qr_total (payment codes), revenue (EUR cents), day (HASH),
      window (rate limit, LIST; the key of the mark when there is no limit)
ARGV  amount (EUR cents, int; 0 for a code without one), TTL of the mark (seconds), largest total (int), limit (requests, 0 = none),
      length of the window (microseconds)
Returns {"ok", 1 when counted or 0 when seen before, qr_total, revenue} | {"too_large"} | {"limited", wait in microseconds} ]]
-- uses kv.moving_window
local mark, total, revenue, day, recent = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local amount, ttl, largest, limit, window = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if limit > 0 then
  local seconds, microseconds = unpack(redis.call('TIME'))
  local now = seconds * 1000000 + microseconds
  local wait = window_wait(recent, limit, window, now)
  if wait > 0 then return {'limited', wait} end
  window_hit(recent, limit, window, now)
end
if redis.call('EXISTS', mark) == 1 then
  return {'ok', 0, redis.call('GET', total) or '0', redis.call('GET', revenue) or '0'}
end
if tonumber(redis.call('GET', revenue) or '0') + tonumber(amount) > largest then return {'too_large'} end
redis.call('SET', mark, '1', 'EX', ttl)
redis.call('HINCRBY', day, 'qr', 1)
redis.call('HINCRBY', day, 'revenue', amount)
redis.call('INCR', total)
redis.call('INCRBY', revenue, amount)
return {'ok', 1, redis.call('GET', total), redis.call('GET', revenue)}
