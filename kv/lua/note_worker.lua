--[[ Write down that a worker is alive, and forget those that have not been for so long.
KEYS  workers (ZSET)
ARGV  token of the worker, how long others are remembered (ms)
Returns how many workers are remembered (int) ]]
local workers = KEYS[1]
local token, remembered = ARGV[1], tonumber(ARGV[2])
local seconds, microseconds = unpack(redis.call('TIME'))
local now = seconds * 1000 + math.floor(microseconds / 1000)
redis.call('ZADD', workers, string.format('%.0f', now), token)
redis.call('ZREMRANGEBYSCORE', workers, '-inf', string.format('(%.0f', now - remembered))
return redis.call('ZCARD', workers)
