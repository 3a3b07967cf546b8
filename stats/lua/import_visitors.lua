--[[ Take over visitors whose hashes are known: each is added once, the total grows by those that are new.
KEYS  visitors (total), then one shard (SET of int32) for each visitor
ARGV  "1" to only look, then one member for each visitor (in the order of the shards)
Returns how many were new ]]
local visitors, is_dry = KEYS[1], ARGV[1] == '1'
local FIRST_VISITOR = 2
local added = 0
for index = FIRST_VISITOR, #KEYS do
  local shard, member = KEYS[index], ARGV[index]
  if is_dry then
    added = added + 1 - redis.call('SISMEMBER', shard, member)
  else
    added = added + redis.call('SADD', shard, member)
  end
end
if added > 0 and not is_dry then redis.call('INCRBY', visitors, added) end
return added
