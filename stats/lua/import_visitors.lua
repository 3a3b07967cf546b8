--[[ Take over visitors whose hashes are known: each is added once, the total grows by those that are new.
KEYS  visitors (total), then one shard (SET of int32) for each visitor
ARGV  "1" to only look, then one member for each visitor, in the order of the shards
Returns how many were new ]]
local added = 0
for i = 2, #KEYS do
  if ARGV[1] == '1' then
    added = added + 1 - redis.call('SISMEMBER', KEYS[i], ARGV[i])
  else
    added = added + redis.call('SADD', KEYS[i], ARGV[i])
  end
end
if added > 0 and ARGV[1] ~= '1' then redis.call('INCRBY', KEYS[1], added) end
return added
