--[[ Give a duty's lease back, if it is still ours, and write down when the run ended.
KEYS  lease, due
ARGV  token, "1" when more work waits, otherwise "", failures in a row
Returns "ended" | "lost" ]]
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lost' end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[2], 'ended', ARGV[2] == '' and string.format('%.0f', now) or '0', 'failures', ARGV[3])
redis.call('DEL', KEYS[1])
return 'ended'
