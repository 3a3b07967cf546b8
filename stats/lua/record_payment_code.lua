--[[ Count a payment code and its amount, once for each id.
KEYS  mark of the id (STRING), qr_total (payment codes), revenue (EUR cents), day (HASH)
ARGV  amount (EUR cents, int > 0), TTL of the mark (seconds), largest total (int)
Returns {"ok", 1 when counted or 0 when seen before, qr_total, revenue} | {"too_large"} ]]
local mark, total, revenue, day = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local amount, ttl, largest = ARGV[1], ARGV[2], tonumber(ARGV[3])
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
