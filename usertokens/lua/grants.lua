--[[ Tokens that come into grants, or back to them. Used behind ledger.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `movements()` answers {put, grant_new, give_all, end_hold}. ]]
local function movements()
  -- Put a grant where it burns in turn; one without tokens only for what may return to it.
  local function put(account, grant, left)
    if left > 0 and grant[3] < account.due then set(account, 'due', grant[3]) end
    local first = account.first
    if first and account.left > 0 then
      local mine, other = score(grant), score(first)
      if left == 0 or mine > other or (mine == other and grant[1] > first[1]) then return park(account, grant, left) end
    end
    if first then park(account, first, account.left) end
    grant[6] = nil
    account.left = left
    set(account, 'first', grant)
  end

  -- Give tokens back to a grant: debt is paid first. Answers what the grant got, and how much of that expires at once.
  local function give(account, id, tokens)
    local paid = math.min(tokens, account.debt)
    if paid > 0 then set(account, 'debt', account.debt - paid) end
    tokens = tokens - paid
    if tokens == 0 then return 0, 0 end
    local first = account.first
    if first and first[1] == id then
      if first[3] <= now then return tokens, tokens end
      account.left = account.left + tokens
      if first[3] < account.due then set(account, 'due', first[3]) end
      return tokens, 0
    end
    local packed = redis.call('HGET', KEYS[2], id)
    local grant = packed and cmsgpack.unpack(packed)
    -- A grant that is not known any more has expired, or was reset.
    if not grant or grant[3] <= now then return tokens, tokens end
    if grant[6] > 0 then
      grant[6] = grant[6] + tokens
      redis.call('HSET', KEYS[2], id, cmsgpack.pack(grant))
    else
      redis.call('HDEL', KEYS[2], id)
      put(account, grant, tokens)
    end
    return tokens, 0
  end

  -- A new grant of `amount`, debt paid first. Answers the entry's number and the grant's.
  local function grant_new(account, kind, amount, priority, expires, source, words)
    set(account, 'grants', account.grants + 1)
    local paid = math.min(amount, account.debt)
    if paid > 0 then set(account, 'debt', account.debt - paid) end
    local left = amount - paid
    put(account, {account.grants, priority, expires, amount, source}, left)
    return enter(account, kind, amount, {account.grants, left}, words), account.grants
  end

  -- Return tokens to several grants ({grant, tokens, …}) under one entry; what returns to an expired grant leaves at once.
  local function give_all(account, kind, total, parts, words, used)
    local moves, lost, lost_moves = {}, 0, {}
    for index = 1, #parts, 2 do
      local got, gone = give(account, parts[index], parts[index + 1])
      moves[#moves + 1], moves[#moves + 2] = parts[index], got
      if gone > 0 then
        lost = lost + gone
        lost_moves[#lost_moves + 1], lost_moves[#lost_moves + 2] = parts[index], -gone
      end
    end
    local entry = enter(account, kind, total, moves, words, used)
    if lost > 0 then enter(account, 'expire', -lost, lost_moves, {''}) end
    return entry
  end

  -- End a hold: the first `captured` tokens stay taken, in the order they were taken; the rest returns. Answers the entry.
  local function end_hold(account, id, hold, captured, kind, words)
    local used, parts, rest = {}, {}, captured
    for index = 1, #hold[4], 2 do
      local part = math.min(rest, hold[4][index + 1])
      rest = rest - part
      if part > 0 then used[#used + 1], used[#used + 2] = hold[4][index], part end
      if hold[4][index + 1] > part then parts[#parts + 1], parts[#parts + 2] = hold[4][index], hold[4][index + 1] - part end
    end
    redis.call('HDEL', KEYS[4], id)
    set(account, 'held', account.held - hold[1])
    return give_all(account, kind, hold[1] - captured, parts, words, captured > 0 and used or nil)
  end

  return {put = put, grant_new = grant_new, give_all = give_all, end_hold = end_hold}
end
