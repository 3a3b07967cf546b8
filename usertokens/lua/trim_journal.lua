--[[ Forget journal entries that are safely in the archive.
KEYS  account (HASH), journal (LIST), tombstone
ARGV  up to this entry (its number)
Returns {"ok", entries forgotten} | {"closed"} ]]
local account, journal, tombstone = KEYS[1], KEYS[2], KEYS[3]
local last = tonumber(ARGV[1])
if redis.call('EXISTS', tombstone) == 1 and redis.call('EXISTS', account) == 0 then return {'closed'} end
local archived = tonumber(redis.call('HGET', account, 'archived') or 0)
local through = math.min(last, tonumber(redis.call('HGET', account, 'entries') or 0))
if through <= archived then return {'ok', '0'} end
redis.call('LTRIM', journal, through - archived, -1)
redis.call('HSET', account, 'archived', through)
return {'ok', string.format('%.0f', through - archived)}
