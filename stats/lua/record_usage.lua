--[[ Count one use of a tool; with an id, once for each id.
KEYS  uses of the tool (STRING), day (HASH by tool), mark of the id (STRING; the uses' own key when there is no id)
ARGV  tool, TTL of the mark (seconds; 0 = no id)
Returns uses of the tool ]]
local ttl = tonumber(ARGV[2])
if ttl > 0 then
  if redis.call('EXISTS', KEYS[3]) == 1 then return redis.call('GET', KEYS[1]) or '0' end
  redis.call('SET', KEYS[3], '1', 'EX', ttl)
end
redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
return redis.call('INCR', KEYS[1])
