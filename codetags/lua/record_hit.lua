--[[ Count one hit of a code: once for each visitor within the backstop, in one step with everything that depends on it.
KEYS  1 seen (STRING, the backstop), 2 count, 3 days (HASH), 4 count of ~OTHER, 5 days of ~OTHER, 6 last_seen (ZSET),
      7 rank (ZSET), 8 registry (HASH), 9 unknown (SET), 10 crowd of the address on this code (STRING),
      11 window of the address on this code, 12 window of the address on all codes, 13 outbox (LIST),
      14 state of the outbox (HASH), 15 left out in all (HASH), 16 left out today (HASH),
      17 mark of the landing (STRING)
ARGV  1 code as it was called, 2 code that it counts for, as the caller knows, 3 today (YYYY-MM-DD),
      4 backstop (seconds, 0 = off), 5 unknown codes by name (int), 6 name of ~OTHER,
      7 limit on this code (0 = none), 8 its window (microseconds), 9 limit on all codes, 10 its window,
      11 event id ("" = no sink), 12 hits that may wait in the outbox (int), 13 when (ms since 1970; "" = now),
      14 "1" with the id of a landing, otherwise "", 15 visitors that make a crowd (int), 16 within how long (seconds),
      17 TTL of a day of what is left out (seconds), 18 its fields at most (int), 19 TTL of the mark of a landing (seconds)
Returns {"counted"} | {"seen"} | {"again"} | {"outside"} | {"limited", "code" or "codes", wait in microseconds}
        | {"alias", code that it counts for}: nothing was done, the keys were another code's ]]
-- uses kv.moving_window
-- uses codetags.note_left_out
local called, code, today, landing = ARGV[1], ARGV[2], ARGV[3], ARGV[14]
local entry = redis.call('HGET', KEYS[8], called)
local target = entry and string.match(entry, '^[^|]*|[^|]*|.|(.+)$') or called
if target ~= code then return {'alias', target} end
if target ~= called then entry = redis.call('HGET', KEYS[8], code) end

local function leave_out(name, reason)
  note_left_out(KEYS[15], KEYS[16], name, reason, ARGV[6], ARGV[17], ARGV[18])
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window, limit_all, window_all = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local which, wait = 'code', window_wait(KEYS[11], limit, window, now)
if wait == 0 then which, wait = 'codes', window_wait(KEYS[12], limit_all, window_all, now) end
if wait > 0 then
  leave_out(listed_name(KEYS[8], KEYS[9], code, ARGV[6]), 'limited')
  return {'limited', which, wait}
end
window_hit(KEYS[11], limit, window, now)
window_hit(KEYS[12], limit_all, window_all, now)

-- The same landing once more, since its answer was lost: nothing happened that would have to be noted.
if landing ~= '' and not redis.call('SET', KEYS[17], '1', 'EX', ARGV[19], 'NX') then return {'again'} end

local backstop = tonumber(ARGV[4])
if entry then
  local first, last, archived = string.match(entry, '^([^|]*)|([^|]*)|(.)')
  if archived == '1' or (first ~= '' and today < first) or (last ~= '' and today > last) then
    -- A mark of its own kind: it keeps this visitor from being noted twice, not from counting once the code has begun.
    local is_new = backstop == 0 or redis.call('SET', KEYS[1], '0', 'EX', backstop, 'NX')
    leave_out(code, is_new and 'outside' or 'repeat')
    if landing ~= '' then redis.call('DEL', KEYS[17]) end
    return {'outside'}
  end
end

if backstop > 0 then
  local crowd = tonumber(ARGV[15])
  local is_new = redis.call('SET', KEYS[1], '1', 'EX', backstop, 'NX')
  if not is_new and redis.call('GET', KEYS[1]) == '0' then
    is_new = redis.call('SET', KEYS[1], '1', 'EX', backstop)
  end
  if is_new then
    -- Each new visitor keeps a crowd going; before there is one, they must all come within the time.
    if not redis.call('SET', KEYS[10], '1', 'EX', ARGV[16], 'NX') and redis.call('INCR', KEYS[10]) >= crowd then
      redis.call('EXPIRE', KEYS[10], ARGV[16])
    end
  else
    -- Looks like a visitor who was counted. Alone behind its address it is that one; in a crowd it is one of many who
    -- carry the same phone. What brings the id of a landing of its own tells that there are more than one can see.
    local size
    if landing ~= '' then
      size = redis.call('INCR', KEYS[10])
      if size == 1 then redis.call('EXPIRE', KEYS[10], ARGV[16]) end
    else
      size = tonumber(redis.call('GET', KEYS[10]) or '0')
    end
    if size < crowd then
      leave_out(listed_name(KEYS[8], KEYS[9], code, ARGV[6]), 'repeat')
      if landing ~= '' then redis.call('DEL', KEYS[17]) end
      return {'seen'}
    end
  end
end

local count, days, name = KEYS[2], KEYS[3], code
if not entry and redis.call('SISMEMBER', KEYS[9], code) == 0 then
  if redis.call('SCARD', KEYS[9]) < tonumber(ARGV[5]) then
    redis.call('SADD', KEYS[9], code)
  else
    count, days, name = KEYS[4], KEYS[5], ARGV[6]
  end
end
local ms = ARGV[13] ~= '' and ARGV[13] or string.format('%.0f', math.floor(now / 1000))
redis.call('ZADD', KEYS[7], string.format('%.0f', redis.call('INCR', count)), name)
redis.call('HINCRBY', days, today, 1)
redis.call('ZADD', KEYS[6], 'GT', ms, name)
if ARGV[11] ~= '' then
  if redis.call('RPUSH', KEYS[13], ARGV[11] .. ' ' .. code .. ' ' .. ms) > tonumber(ARGV[12]) then
    redis.call('LPOP', KEYS[13])
    redis.call('HINCRBY', KEYS[14], 'dropped', 1)
  end
end
return {'counted'}
