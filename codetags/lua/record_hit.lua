--[[ Count one hit of a code: once for each visitor within the backstop, in one step with everything that depends on it.
KEYS  1 seen (STRING, the backstop), 2 count, 3 days (HASH), 4 count of ~OTHER, 5 days of ~OTHER, 6 last_seen (ZSET),
      7 rank (ZSET), 8 registry (HASH), 9 unknown (SET), 10 crowd of the address on this code (STRING),
      11 window of the address on this code, 12 window of the address on all codes, 13 outbox (LIST),
      14 state of the outbox (HASH), 15 left out in all (HASH), 16 left out today (HASH),
      17 mark of the landing (STRING), 18 slots (HASH), 19 names (STRING), 20 column of today (STRING),
      21 column of the month (STRING), 22 hits to be emitted as events (LIST), 23 breakdown of today (HASH),
      24 breakdown of ~OTHER today (HASH), 25 placements (ZSET), 26 registered placements (HASH)
ARGV  1 code as it was called, 2 code that it counts for (as the caller knows), 3 today (YYYY-MM-DD),
      4 backstop (seconds, 0 = off), 5 unknown codes by name (int), 6 name of ~OTHER,
      7 limit on this code (0 = none), 8 its window (microseconds), 9 limit on all codes, 10 its window,
      11 hits that may wait in the outbox (int), 12 visitors that make a crowd (int), 13 within how long (seconds),
      14 TTL of a day of what is left out (seconds), 15 its fields at most (int), 16 TTL of the mark of a landing (seconds),
      17 placements by name outside the registry (int), 18 values of an open kind a day (int),
      19 event id ("" = no webhook), 20 when (ms since 1970; "" = now), 21 "1" with the id of a landing (otherwise ""),
      22 placement ("" = none),
      then fields of the breakdown as in add_breakdown.lua
Returns {"counted"} | {"seen"} | {"again"} | {"outside"} | {"limited", "code" or "codes", wait in microseconds}
        | {"alias", code that it counts for}: nothing was done, the keys were another code's ]]
-- uses kv.moving_window
-- uses codetags.registry_entry
-- uses codetags.note_excluded
-- uses codetags.code_names
-- uses codetags.add_hits
local seen, code_count, code_days, other_count, other_days, last_seen, rank, registry, unknown, crowd, recent, recent_all,
  outbox, outbox_state, excluded, excluded_today, landing_mark, slots, names, column, month_column, events, breakdown,
  other_breakdown, placements, registered_placements = unpack(KEYS)
local called, code, today, backstop, most_unknown, other, limit, window, limit_all, window_all, most_waiting, crowd_size,
  crowd_seconds, day_ttl, most_fields, landing_ttl, most_placements, most_values, event_id, at_ms, landing,
  at = unpack(ARGV)
local fields = {unpack(ARGV, 23)}
-- What is compared must be a number; the rest goes on to commands as text.
limit, window, limit_all, window_all = tonumber(limit), tonumber(window), tonumber(limit_all), tonumber(window_all)
backstop, crowd_size = tonumber(backstop), tonumber(crowd_size)
local entry = redis.call('HGET', registry, called)
local target = entry and string.match(entry, TARGET) or called
if target ~= code then return {'alias', target} end
if target ~= called then entry = redis.call('HGET', registry, code) end

local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000000 + microseconds
local which, wait = 'code', window_wait(recent, limit, window, now)
if wait == 0 then which, wait = 'codes', window_wait(recent_all, limit_all, window_all, now) end
if wait > 0 then
  local name = listed_name(registry, unknown, code, other)
  note_excluded(excluded, excluded_today, name, 'limited', other, day_ttl, most_fields)
  return {'limited', which, wait}
end
window_hit(recent, limit, window, now)
window_hit(recent_all, limit_all, window_all, now)

-- The same landing once more, since its answer was lost: nothing happened that would have to be noted.
local has_landing = landing ~= ''
if has_landing and not redis.call('SET', landing_mark, '1', 'EX', landing_ttl, 'NX') then return {'again'} end

if entry then
  local first, last, archived = string.match(entry, PERIOD)
  if archived == '1' or (first ~= '' and today < first) or (last ~= '' and today > last) then
    -- A mark of its own kind: it keeps this visitor from being noted twice, not from counting once the code has begun.
    local is_new = backstop == 0 or redis.call('SET', seen, '0', 'EX', backstop, 'NX')
    note_excluded(excluded, excluded_today, code, is_new and 'outside' or 'repeat', other, day_ttl, most_fields)
    if has_landing then redis.call('DEL', landing_mark) end
    return {'outside'}
  end
end

if backstop > 0 then
  local is_new = redis.call('SET', seen, '1', 'EX', backstop, 'NX')
  if not is_new and redis.call('GET', seen) == '0' then
    is_new = redis.call('SET', seen, '1', 'EX', backstop)
  end
  if is_new then
    -- Each new visitor keeps a crowd going; before there is one, they must all come within the time.
    if not redis.call('SET', crowd, '1', 'EX', crowd_seconds, 'NX') and redis.call('INCR', crowd) >= crowd_size then
      redis.call('EXPIRE', crowd, crowd_seconds)
    end
  else
    -- It looks like a visitor who was counted. Alone behind its address it is that one. In a crowd it is one of many who
    -- carry the same phone. A landing's id of its own shows that there are more visitors than one can see.
    local size
    if has_landing then
      size = redis.call('INCR', crowd)
      if size == 1 then redis.call('EXPIRE', crowd, crowd_seconds) end
    else
      size = tonumber(redis.call('GET', crowd) or '0')
    end
    if size < crowd_size then
      local name = listed_name(registry, unknown, code, other)
      note_excluded(excluded, excluded_today, name, 'repeat', other, day_ttl, most_fields)
      if has_landing then redis.call('DEL', landing_mark) end
      return {'seen'}
    end
  end
end

local count, days, name = code_count, code_days, code
if not entry and redis.call('SISMEMBER', unknown, code) == 0 then
  if redis.call('SCARD', unknown) < tonumber(most_unknown) then
    redis.call('SADD', unknown, code)
  else
    count, days, name = other_count, other_days, other
  end
end
local ms = at_ms ~= '' and at_ms or string.format('%.0f', math.floor(now / 1000))
local total = redis.call('INCR', count)
redis.call('ZADD', rank, string.format('%.0f', total), name)
redis.call('HINCRBY', days, today, 1)
add_hits(slots, names, column, month_column, name, 1, total == 1)
redis.call('ZADD', last_seen, 'GT', ms, name)
if at ~= '' or #fields > 0 then
  -- uses codetags.add_breakdown
  if name == other then breakdown, placements = other_breakdown, '' end
  add_breakdown(breakdown, placements, registered_placements, code, at, fields, other, most_placements, most_values)
end
if event_id ~= '' then
  if redis.call('RPUSH', outbox, event_id .. ' ' .. code .. ' ' .. ms) > tonumber(most_waiting) then
    redis.call('LPOP', outbox)
    redis.call('HINCRBY', outbox_state, 'dropped', 1)
  end
end
-- How many may wait, while some receiver of events wants them.
local most_events = redis.call('HGET', outbox_state, 'events')
if most_events and redis.call('RPUSH', events, string.format('%s %s %.0f', code, ms, total)) > tonumber(most_events) then
  redis.call('LPOP', events)
  redis.call('HINCRBY', outbox_state, 'dropped', 1)
end
return {'counted'}
