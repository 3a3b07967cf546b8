--[[ Forget journal entries that are safely in the archive.
KEYS  account (HASH), journal (LIST), tombstone
ARGV  up to this entry (its number)
Returns {"ok", entries forgotten} | {"closed"} ]]
if redis.call('EXISTS', KEYS[3]) == 1 and redis.call('EXISTS', KEYS[1]) == 0 then return {'closed'} end
local archived = tonumber(redis.call('HGET', KEYS[1], 'archived') or 0)
local through = math.min(tonumber(ARGV[1]), tonumber(redis.call('HGET', KEYS[1], 'entries') or 0))
if through <= archived then return {'ok', '0'} end
redis.call('LTRIM', KEYS[2], through - archived, -1)
redis.call('HSET', KEYS[1], 'archived', through)
return {'ok', string.format('%.0f', through - archived)}
