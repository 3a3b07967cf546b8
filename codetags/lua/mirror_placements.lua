--[[ Show the registered placements of one code to record_hit: they are counted by name from 0 on, whatever their number.
KEYS  placements (ZSET), registered placements (HASH)
ARGV  code, then the names
Returns "mirrored" ]]
local placements, registered, code = KEYS[1], KEYS[2], ARGV[1]
local FIRST_NAME = 2
local is_listed, number = {}, #ARGV - 1
for index = FIRST_NAME, #ARGV do is_listed[ARGV[index]] = true end
-- Only registered ones are there without a hit. With hits they stay.
for _, name in ipairs(redis.call('ZRANGEBYSCORE', placements, 0, 0)) do
  if not is_listed[name] then redis.call('ZREM', placements, name) end
end
for name in pairs(is_listed) do redis.call('ZADD', placements, 'NX', 0, name) end
if redis.call('EXISTS', placements) == 1 then
  redis.call('HSET', registered, code, number)
else
  redis.call('HDEL', registered, code)
end
return 'mirrored'
