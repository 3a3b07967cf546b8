--[[ The store's clock ran ahead and was set back: the allowances of periods that have not begun are taken back.
Used by settle.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `set_back` answers {granted_since}. ]]

-- Take back what came for periods that have not begun. list: paid periods. They forget what they brought: `granted_since`
-- reads it from the journal. What has expired of it meanwhile is left out, so that this much comes again.
local function set_back(account, list)
  -- uses usertokens.grant_row
  -- uses usertokens.entry_row
  -- uses usertokens.period_row
  local HOUR, DAY = 3600000, 86400000
  local ahead = now + HOUR
  local early, expired, came = {}, {}, {}
  local last = redis.call('LLEN', journal_key) - 1
  while last >= 0 do
    local first = math.max(last - 99, 0)
    local rows = redis.call('LRANGE', journal_key, first, last)
    for index = #rows, 1, -1 do
      local entry = {cmsgpack.unpack(rows[index])}
      local at, kind, moves = entry[AT], entry[KIND], entry[MOVES]
      if at > ahead then
        if kind == 'allowance' or kind == 'rollover' then early[unpack(moves)] = true end
        if kind == 'expire' then
          for move = 1, #moves, 2 do expired[moves[move]] = (expired[moves[move]] or 0) - moves[move + 1] end
        end
      elseif at < now - 32 * DAY then
        first = 0
        break
      elseif kind == 'allowance' then
        came[#came + 1] = {at = at, tokens = entry[CHANGE], grant = unpack(moves)}
      end
    end
    last = first - 1
  end

  local moves, gone = {}, 0
  local rows = redis.call('HGETALL', grants_key)
  for index = 2, #rows, 2 do
    local grant = cmsgpack.unpack(rows[index])
    if early[grant[ID]] then
      redis.call('HDEL', grants_key, grant[ID])
      redis.call('ZREM', burn_key, string.format('%010d', grant[ID]))
      if grant[REMAINING] > 0 then
        gone = gone + grant[REMAINING]
        moves[#moves + 1], moves[#moves + 2] = grant[ID], -grant[REMAINING]
      end
    end
  end
  local first = account.first
  if first and early[first[ID]] then
    if account.left > 0 then
      gone = gone + account.left
      moves[#moves + 1], moves[#moves + 2] = first[ID], -account.left
    end
    account.left, account.first = 0, nil
    set(account, 'first', nil)
    advance(account)
  end
  if gone > 0 then enter(account, 'expire', -gone, moves, nil, 'allowance') end
  for _, period in ipairs(list) do
    if period[PERIOD] ~= CALENDAR then period[MONTH], period[BROUGHT] = 0, 0 end
  end

  return {
    granted_since = function(from, tokens)
      local sum = 0
      -- Oldest first: of two periods each finds its own.
      for index = #came, 1, -1 do
        local one = came[index]
        if one.at >= from and sum < tokens then
          sum = sum + one.tokens - (expired[one.grant] or 0)
          table.remove(came, index)
        end
      end
      return sum
    end,
  }
end
