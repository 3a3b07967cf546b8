--[[ The order in which grants burn: `first` in the account, the others packed in the grants, those with tokens in burn.
Used behind ledger.lua, within the function that needs it.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: functions that put a grant behind the first one, and the next one in its place. ]]
-- Where a grant stands in the burn order: by priority, then by expiry.
local function score(grant)
  -- uses usertokens.grant_row
  return grant[PRIORITY] * (NEVER + 1) + math.min(grant[EXPIRES], NEVER)
end

-- Put a grant that is not the first one among the others, waiting when it has tokens left.
local function park(account, grant, left)
  -- uses usertokens.grant_row
  grant[REMAINING] = left
  redis.call('HSET', grants_key, grant[ID], cmsgpack.pack(grant))
  if left > 0 then redis.call('ZADD', burn_key, score(grant), string.format('%010d', grant[ID])) end
end

-- The next grant that waits comes first, the burned one to the others; if none waits, the burned one stays.
local function advance(account)
  -- uses usertokens.grant_row
  local member = redis.call('ZPOPMIN', burn_key)[1]
  if not member then return end
  local id = tonumber(member)
  local grant = cmsgpack.unpack(redis.call('HGET', grants_key, id))
  redis.call('HDEL', grants_key, id)
  if account.first then park(account, account.first, 0) end
  account.left = grant[REMAINING]
  grant[REMAINING] = nil
  set(account, 'first', grant)
end
