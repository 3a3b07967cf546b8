--[[ Count one hit of a code: once for each visitor within the backstop, in one step with everything that depends on it.
KEYS  1 seen (STRING, the backstop), 2 count, 3 days (HASH), 4 count of ~OTHER, 5 days of ~OTHER, 6 last_seen (ZSET),
      7 rank (ZSET), 8 registry (HASH), 9 unknown (SET), 10 outside (HASH), 11 window of the address on this code,
      12 window of the address on all codes, 13 outbox (LIST), 14 state of the outbox (HASH)
ARGV  1 code, 2 today (YYYY-MM-DD), 3 backstop (seconds, 0 = off), 4 unknown codes by name (int), 5 name of ~OTHER,
      6 limit on this code (0 = none), 7 its window (microseconds), 8 limit on all codes, 9 its window,
      10 event id ("" = no sink), 11 hits that may wait in the outbox (int), 12 when (ms since 1970; "" = now)
Returns {"counted"} | {"seen"} | {"outside"} | {"limited", "code" or "codes", wait in microseconds} ]]
-- uses kv.moving_window
local code, today = ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window, limit_all, window_all = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local wait = window_wait(KEYS[11], limit, window, now)
if wait > 0 then return {'limited', 'code', wait} end
wait = window_wait(KEYS[12], limit_all, window_all, now)
if wait > 0 then return {'limited', 'codes', wait} end
window_hit(KEYS[11], limit, window, now)
window_hit(KEYS[12], limit_all, window_all, now)

local backstop = tonumber(ARGV[3])
local registered = redis.call('HGET', KEYS[8], code)
if registered then
  local first, last, archived = string.match(registered, '^([^|]*)|([^|]*)|(.)$')
  if archived == '1' or (first ~= '' and today < first) or (last ~= '' and today > last) then
    -- A mark of its own kind: it keeps this visitor from being counted apart twice, not from counting once it has begun.
    if backstop == 0 or redis.call('SET', KEYS[1], '0', 'EX', backstop, 'NX') then
      redis.call('HINCRBY', KEYS[10], code, 1)
    end
    return {'outside'}
  end
end
if backstop > 0 and not redis.call('SET', KEYS[1], '1', 'EX', backstop, 'NX') then
  if redis.call('GET', KEYS[1]) == '1' then return {'seen'} end
  redis.call('SET', KEYS[1], '1', 'EX', backstop)
end
local count, days, name = KEYS[2], KEYS[3], code
if not registered and redis.call('SISMEMBER', KEYS[9], code) == 0 then
  if redis.call('SCARD', KEYS[9]) < tonumber(ARGV[4]) then
    redis.call('SADD', KEYS[9], code)
  else
    count, days, name = KEYS[4], KEYS[5], ARGV[5]
  end
end
local ms = ARGV[12] ~= '' and ARGV[12] or string.format('%.0f', math.floor(now / 1000))
redis.call('ZADD', KEYS[7], string.format('%.0f', redis.call('INCR', count)), name)
redis.call('HINCRBY', days, today, 1)
redis.call('ZADD', KEYS[6], 'GT', ms, name)
if ARGV[10] ~= '' then
  if redis.call('RPUSH', KEYS[13], ARGV[10] .. ' ' .. code .. ' ' .. ms) > tonumber(ARGV[11]) then
    redis.call('LPOP', KEYS[13])
    redis.call('HINCRBY', KEYS[14], 'dropped', 1)
  end
end
return {'counted'}
