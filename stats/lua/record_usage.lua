--[[ Count one use of a tool; with an id, once for each id.
KEYS  uses of the tool (STRING), day (HASH by tool), mark of the id (STRING; the key of the uses when there is no id),
      window (rate limit, LIST; the key of the uses when there is no limit)
ARGV  tool, TTL of the mark (seconds; 0 = no id), limit (requests, 0 = none), length of the window (microseconds)
Returns uses of the tool | {"limited", wait in microseconds} ]]
-- uses kv.moving_window
local uses, day, mark, recent = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local tool, ttl, limit, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if limit > 0 then
  local seconds, microseconds = unpack(redis.call('TIME'))
  local now = seconds * 1000000 + microseconds
  local wait = window_wait(recent, limit, window, now)
  if wait > 0 then return {'limited', wait} end
  window_hit(recent, limit, window, now)
end
if ttl > 0 then
  if redis.call('EXISTS', mark) == 1 then return redis.call('GET', uses) or '0' end
  redis.call('SET', mark, '1', 'EX', ttl)
end
redis.call('HINCRBY', day, tool, 1)
return redis.call('INCR', uses)
