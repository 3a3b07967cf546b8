--[[ Tokens that come into grants, or back to them. Used behind ledger.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `movements()` answers {put, grant_new, give_all, end_hold}. Their why, of and by are those of
         `enter`. ]]
local function movements()
  -- uses usertokens.burn_order
  -- Put a grant where it burns in turn; one without tokens only for what may return to it.
  local function put(account, grant, left)
    -- uses usertokens.grant_row
    if left > 0 and grant[EXPIRES] < account.due then set(account, 'due', grant[EXPIRES]) end
    local first = account.first
    if first and account.left > 0 then
      local mine, other = score(grant), score(first)
      if left == 0 or mine > other or (mine == other and grant[ID] > first[ID]) then return park(account, grant, left) end
    end
    if first then park(account, first, account.left) end
    grant[REMAINING] = nil
    account.left = left
    set(account, 'first', grant)
  end

  -- Give tokens back to a grant: debt is paid first. Answers what the grant got, and how much of that expires at once.
  local function give(account, id, tokens)
    -- uses usertokens.grant_row
    local paid = math.min(tokens, account.debt)
    if paid > 0 then set(account, 'debt', account.debt - paid) end
    tokens = tokens - paid
    if tokens == 0 then return 0, 0 end
    local first = account.first
    if first and first[ID] == id then
      if first[EXPIRES] <= now then return tokens, tokens end
      account.left = account.left + tokens
      if first[EXPIRES] < account.due then set(account, 'due', first[EXPIRES]) end
      return tokens, 0
    end
    local packed = redis.call('HGET', grants_key, id)
    local grant = packed and cmsgpack.unpack(packed)
    -- A grant that is not known any more has expired, or was reset.
    if not grant or grant[EXPIRES] <= now then return tokens, tokens end
    if grant[REMAINING] > 0 then
      grant[REMAINING] = grant[REMAINING] + tokens
      redis.call('HSET', grants_key, id, cmsgpack.pack(grant))
    else
      redis.call('HDEL', grants_key, id)
      put(account, grant, tokens)
    end
    return tokens, 0
  end

  -- A new grant of `amount`, debt paid first. Answers the entry's number and the grant's.
  local function grant_new(account, kind, amount, priority, expires, source, why, of, by)
    set(account, 'grants', account.grants + 1)
    local paid = math.min(amount, account.debt)
    if paid > 0 then set(account, 'debt', account.debt - paid) end
    local left = amount - paid
    put(account, {account.grants, priority, expires, amount, source}, left)
    return enter(account, kind, amount, {account.grants, left}, nil, why, of, by), account.grants
  end

  -- Return tokens to several grants ({grant, tokens, …}) under one entry; what returns to an expired grant leaves at once.
  local function give_all(account, kind, total, parts, used, why, of, by)
    local moves, lost, lost_moves = {}, 0, {}
    for index = 1, #parts, 2 do
      local got, gone = give(account, parts[index], parts[index + 1])
      moves[#moves + 1], moves[#moves + 2] = parts[index], got
      if gone > 0 then
        lost = lost + gone
        lost_moves[#lost_moves + 1], lost_moves[#lost_moves + 2] = parts[index], -gone
      end
    end
    local entry = enter(account, kind, total, moves, used, why, of, by)
    if lost > 0 then
      account.action = nil
      enter(account, 'expire', -lost, lost_moves)
    end
    return entry
  end

  -- End a hold: the first `captured` tokens stay taken, in the order they were taken; the rest returns. What goes over the
  -- hold is taken from the balance, which must have it. Answers the entry.
  local function end_hold(account, id, hold, captured, kind, why, of, by)
    -- uses usertokens.hold_row
    local held, used, parts, rest = hold[PARTS], {}, {}, captured
    for index = 1, #held, 2 do
      local part = math.min(rest, held[index + 1])
      rest = rest - part
      if part > 0 then used[#used + 1], used[#used + 2] = held[index], part end
      if held[index + 1] > part then parts[#parts + 1], parts[#parts + 2] = held[index], held[index + 1] - part end
    end
    redis.call('HDEL', holds_key, id)
    set(account, 'held', account.held - hold[HELD])
    local more = captured - hold[HELD]
    if account.caps then
      -- uses usertokens.budgets
      budgets(account).use(hold[HELD_ACTION] or '', captured, -hold[HELD])
    end
    if more > 0 then
      local moves = take(account, more)
      for index = 1, #moves, 2 do used[#used + 1], used[#used + 2] = moves[index], -moves[index + 1] end
      return enter(account, kind, -more, moves, used, why, of, by)
    end
    return give_all(account, kind, hold[HELD] - captured, parts, captured > 0 and used or nil, why, of, by)
  end

  return {put = put, grant_new = grant_new, give_all = give_all, end_hold = end_hold}
end
