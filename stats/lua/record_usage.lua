--[[ Count one use of a tool; with an id, once for each id.
KEYS  uses of the tool (STRING), day (HASH by tool), mark of the id (STRING; the key of the uses when there is no id)
ARGV  tool, TTL of the mark (seconds; 0 = no id)
Returns uses of the tool ]]
local uses, day, mark = KEYS[1], KEYS[2], KEYS[3]
local tool, ttl = ARGV[1], tonumber(ARGV[2])
if ttl > 0 then
  if redis.call('EXISTS', mark) == 1 then return redis.call('GET', uses) or '0' end
  redis.call('SET', mark, '1', 'EX', ttl)
end
redis.call('HINCRBY', day, tool, 1)
return redis.call('INCR', uses)
