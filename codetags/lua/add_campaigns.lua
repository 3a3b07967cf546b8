--[[ Add the campaigns of slots that are new to the column of campaigns, unless somebody else has.
KEYS  campaigns (STRING)
ARGV  the bytes that the column has had, the campaigns of the slots behind them (8 bytes each, the highest first)
Returns "added" | "there" ]]
local campaigns, size, added = KEYS[1], tonumber(ARGV[1]), ARGV[2]
if redis.call('STRLEN', campaigns) ~= size then return 'there' end
redis.call('APPEND', campaigns, added)
return 'added'
