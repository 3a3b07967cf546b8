--[[ The store's clock ran ahead and is back: the allowances of periods that have not begun are taken back. Used by settle.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `set_back` answers {granted_since}. ]]

-- Take back what came for periods that have not begun. list: paid periods, which forget what they brought: `granted_since` tells
-- it from the journal, less what has expired of it meanwhile, so that this much comes again.
local function set_back(account, list)
  local HOUR, DAY, CALENDAR = 3600000, 86400000, '-'
  local ahead = now + HOUR
  local early, expired, came = {}, {}, {}
  local last = redis.call('LLEN', KEYS[5]) - 1
  while last >= 0 do
    local first = math.max(last - 99, 0)
    local rows = redis.call('LRANGE', KEYS[5], first, last)
    for index = #rows, 1, -1 do
      local _, at, kind, amount, _, _, _, _, moves = cmsgpack.unpack(rows[index])
      if at > ahead then
        if kind == 'allowance' or kind == 'rollover' then early[moves[1]] = true end
        if kind == 'expire' then
          for move = 1, #moves, 2 do expired[moves[move]] = (expired[moves[move]] or 0) - moves[move + 1] end
        end
      elseif at < now - 32 * DAY then
        first = 0
        break
      elseif kind == 'allowance' then
        came[#came + 1] = {at, amount, moves[1]}
      end
    end
    last = first - 1
  end

  local moves, gone = {}, 0
  local rows = redis.call('HGETALL', KEYS[2])
  for index = 2, #rows, 2 do
    local grant = cmsgpack.unpack(rows[index])
    if early[grant[1]] then
      redis.call('HDEL', KEYS[2], grant[1])
      redis.call('ZREM', KEYS[3], string.format('%010d', grant[1]))
      if grant[6] > 0 then
        gone = gone + grant[6]
        moves[#moves + 1], moves[#moves + 2] = grant[1], -grant[6]
      end
    end
  end
  local first = account.first
  if first and early[first[1]] then
    if account.left > 0 then
      gone = gone + account.left
      moves[#moves + 1], moves[#moves + 2] = first[1], -account.left
    end
    account.left, account.first = 0, nil
    set(account, 'first', nil)
    advance(account)
  end
  if gone > 0 then enter(account, 'expire', -gone, moves, {'allowance'}) end
  for _, period in ipairs(list) do
    if period[1] ~= CALENDAR then period[5], period[6] = 0, 0 end
  end

  return {
    granted_since = function(from, tokens)
      local sum = 0
      -- Oldest first: of two periods each finds its own.
      for index = #came, 1, -1 do
        if came[index][1] >= from and sum < tokens then
          sum = sum + came[index][2] - (expired[came[index][3]] or 0)
          table.remove(came, index)
        end
      end
      return sum
    end,
  }
end
