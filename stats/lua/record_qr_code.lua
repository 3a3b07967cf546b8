--[[ Count a payment code and its amount, once for each id.
KEYS  mark of the id (STRING), qr_total, revenue (EUR cents), day (HASH)
ARGV  amount (EUR cents, int > 0), TTL of the mark (seconds), largest total (int)
Returns {"ok", 1 when counted or 0 when seen before, qr_total, revenue} | {"too_large"} ]]
if redis.call('EXISTS', KEYS[1]) == 1 then
  return {'ok', 0, redis.call('GET', KEYS[2]) or '0', redis.call('GET', KEYS[3]) or '0'}
end
if tonumber(redis.call('GET', KEYS[3]) or '0') + tonumber(ARGV[1]) > tonumber(ARGV[3]) then return {'too_large'} end
redis.call('SET', KEYS[1], '1', 'EX', ARGV[2])
redis.call('HINCRBY', KEYS[4], 'qr', 1)
redis.call('HINCRBY', KEYS[4], 'revenue', ARGV[1])
redis.call('INCR', KEYS[2])
redis.call('INCRBY', KEYS[3], ARGV[1])
return {'ok', 1, redis.call('GET', KEYS[2]), redis.call('GET', KEYS[3])}
