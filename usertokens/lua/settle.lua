--[[ What happens to an account by itself, done at its next touch: holds that ran out return, expired grants leave, the
period's allowance comes. Used behind ledger.lua by every script that opens an account.
KEYS  as ledger.lua
ARGV  as ledger.lua; the rules are {"plans": {plan: tokens of a month}, "free": those of no plan or an unknown one,
      "cap": tokens kept at a period's end,
      "months": where the site's months begin (ms), some before and after now; without them they are those of UTC}
Returns  nothing of its own: `settled()` answers the account, or nil when it was closed. ]]

-- declared: nil, or what a plan's change says: {by_hand = true}, or of billing {calendar = whether allowances come by calendar
-- months, periods = as `merge` takes them}.
local function settle(account, declared)
  -- All stands inside: what a function takes from outside costs every script time, also one that settles nothing.
  -- uses usertokens.grants
  -- uses usertokens.months
  -- uses usertokens.periods
  -- uses usertokens.clocks
  local ALLOWANCE_PRIORITY, ROLLOVER_PRIORITY = 20, 10
  local HOUR, DAY, CALENDAR, OLDER = 3600000, 86400000, '-', ''
  local rules = cjson.decode(ARGV[3])
  local row = redis.call('HMGET', KEYS[1], 'starts', 'ends', 'anchor', 'allowance', 'periods', 'billed', 'paid')
  account.starts, account.ends = tonumber(row[1] or 0), tonumber(row[2] or 0)
  account.anchor, account.allowance = tonumber(row[3] or 0), tonumber(row[4] or 0)
  account.billed = tonumber(row[6] or 0)
  account.settled = true
  local list = row[5] and cmsgpack.unpack(row[5]) or {}
  local plan = redis.call('HGET', KEYS[6], 'plan') or ''
  local of_plan = rules.plans[plan] or rules.free
  if row[7] then
    -- An older version kept one paid period alone: `anchor` to `paid`, and in `allowance` what came for its present month.
    list[#list + 1] = {OLDER, declared and '' or plan, account.anchor, tonumber(row[7]), account.starts, account.allowance, 0}
    set(account, 'billed', 1)
    set(account, 'paid', nil)
  end
  local move = movements()
  local period_of = months()

  -- The site's month in which now lies, after a period that ended at `ended`.
  local function calendar_month(ended)
    local from, to = period_of(0, now)
    local _, beyond = period_of(0, to)
    local months = rules.months or {}
    for index = 1, #months - 2 do
      if months[index] <= now and now < months[index + 1] then
        from, to, beyond = months[index], months[index + 1], months[index + 2]
      end
    end
    -- When the site has moved to another zone, the hours between the months of the two are not worth a month's tokens.
    -- Months begin on a quarter of an hour in every zone; a subscription seldom ends on one.
    if from < ended and to - ended <= 27 * HOUR and ended % (HOUR / 4) == 0 then return ended, beyond end
    return from, to
  end

  local clock = account.starts > now + HOUR and set_back(account, list) or nil
  if clock then account.starts, account.ends, account.allowance = 0, 0, 0 end

  local function return_holds()
    local over = {}
    local rows = redis.call('HGETALL', KEYS[4])
    for index = 1, #rows, 2 do
      local hold = cmsgpack.unpack(rows[index + 1])
      -- None lasts longer than a day, so one that does was made by a clock that ran ahead.
      if hold[2] <= now or (clock and hold[2] > now + DAY + HOUR) then over[#over + 1] = {tonumber(rows[index]), hold} end
    end
    table.sort(over, function(one, other) return one[1] < other[1] end)
    for _, pair in ipairs(over) do
      move.end_hold(account, pair[1], pair[2], 0, 'hold_expired', {pair[2][5]})
    end
  end

  -- What restore_expired needs to know of a grant that is not there any more; allowances come again by themselves.
  local function until_when(grant)
    if grant[5] == 'allowance' or grant[5] == 'rollover' then return nil end
    return whole(grant[3]) .. ':' .. whole(grant[2]) .. ':' .. whole(grant[4])
  end

  -- Answers how much of it was allowance.
  local function expire_grants()
    local gone, allowance = {}, 0
    local rows = redis.call('HGETALL', KEYS[2])
    for index = 1, #rows, 2 do
      local grant = cmsgpack.unpack(rows[index + 1])
      if grant[3] <= now then
        redis.call('HDEL', KEYS[2], rows[index])
        if grant[6] > 0 then
          redis.call('ZREM', KEYS[3], string.format('%010d', grant[1]))
          gone[#gone + 1] = {grant[1], grant[6], grant[5], until_when(grant)}
        end
      end
    end
    local first = account.first
    if first and first[3] <= now then
      if account.left > 0 then gone[#gone + 1] = {first[1], account.left, first[5], until_when(first)} end
      account.left = 0
      account.first = nil
      set(account, 'first', nil)
      advance(account)
    end
    table.sort(gone, function(one, other) return one[1] < other[1] end)
    for _, grant in ipairs(gone) do
      enter(account, 'expire', -grant[2], {grant[1], -grant[2]}, {grant[3], grant[4]})
      if grant[3] == 'allowance' or grant[3] == 'rollover' then allowance = allowance + grant[2] end
    end
    return allowance
  end

  -- A period's allowance lasts until its end, also when billing moves that end.
  local function move_end(from, to)
    local moved = {}
    local rows = redis.call('HGETALL', KEYS[2])
    for index = 2, #rows, 2 do
      local grant = cmsgpack.unpack(rows[index])
      if grant[5] == 'allowance' and grant[3] == from then moved[#moved + 1] = grant end
    end
    for _, grant in ipairs(moved) do
      redis.call('ZREM', KEYS[3], string.format('%010d', grant[1]))
      redis.call('HDEL', KEYS[2], grant[1])
    end
    local first, left = account.first, account.left
    if first and first[5] == 'allowance' and first[3] == from then
      account.first, account.left = nil, 0
      set(account, 'first', nil)
      advance(account)
      first[6] = left
      moved[#moved + 1] = first
    end
    for _, grant in ipairs(moved) do
      grant[3] = to
      move.put(account, grant, grant[6])
    end
  end

  -- What is left of the calendar month's allowance goes when more is paid for. Answers how much that was.
  local function make_way(to)
    local moves, gone = {}, 0
    local rows = redis.call('HGETALL', KEYS[2])
    for index = 2, #rows, 2 do
      local grant = cmsgpack.unpack(rows[index])
      if grant[5] == 'allowance' and grant[3] == to and grant[6] > 0 then
        gone = gone + grant[6]
        moves[#moves + 1], moves[#moves + 2] = grant[1], -grant[6]
        grant[6] = 0
        redis.call('ZREM', KEYS[3], string.format('%010d', grant[1]))
        -- It stays, for what is on hold of it.
        redis.call('HSET', KEYS[2], grant[1], cmsgpack.pack(grant))
      end
    end
    local first = account.first
    if first and first[5] == 'allowance' and first[3] == to and account.left > 0 then
      gone = gone + account.left
      moves[#moves + 1], moves[#moves + 2] = first[1], -account.left
      account.left = 0
      advance(account)
    end
    if gone > 0 then enter(account, 'expire', -gone, moves, {'allowance'}) end
    return gone
  end

  local paid = periods(account, period_of, move_end)
  -- Whether the allowance that runs is a paid period's, not a calendar month's.
  local is_paid_for = false
  for _, period in ipairs(list) do
    if period[6] > 0 and ({paid.month_of(period, period[5])})[2] == account.ends then is_paid_for = true end
  end
  if declared and declared.by_hand then
    paid.stop(list)
    set(account, 'billed', 0)
  elseif declared then
    local by_hand = account.billed == 0 and account.anchor > 0
    list = paid.merge(list, declared.periods, by_hand)
    set(account, 'billed', declared.calendar and 0 or 1)
    local first = declared.periods[1]
    set(account, 'anchor', not declared.calendar and first and first[3] or 0)
    is_paid_for = is_paid_for or by_hand
  end

  if account.held > 0 then return_holds() end
  local kept = math.min(expire_grants(), rules.cap)
  -- What every period brings now, and which one is shown: the first that has brought something, else one that waits to be paid.
  local owed, shown, waiting, before = {}, nil, nil, nil
  for _, period in ipairs(list) do
    if period[1] == CALENDAR then
      if now < period[4] then before = period end
    elseif period[3] <= now and now < period[4] and period[7] ~= 1 then
      local from, to = paid.month_of(period, now)
      if period[2] ~= '' then
        if period[5] ~= from then period[5], period[6] = from, clock and clock.granted_since(from, rules.plans[period[2]] or 0) or 0 end
        local missing = (rules.plans[period[2]] or 0) - period[6]
        if missing > 0 then
          owed[#owed + 1] = {missing, to, period[2]}
          period[6] = period[6] + missing
        end
      end
      if period[5] == from and period[6] > 0 then
        shown = shown or {from, to, period}
      else
        waiting = waiting or {from, to}
      end
    end
  end
  local starts, ends, allowance = account.starts, account.ends, account.allowance
  local is_over = now >= ends or (is_paid_for and not shown)
  local ended = math.min(ends, now)
  if (shown or waiting and account.billed == 1) and not is_over and not is_paid_for and allowance > 0 then
    -- It goes on where it was when the paid period is over before it.
    local gone = shown and #owed > 0 and allowance < shown[3][6] and make_way(ends) or 0
    list[#list + 1] = {CALENDAR, '', starts, ends, starts, allowance - gone, 0}
  end
  if shown then
    starts, ends, allowance = shown[1], shown[2], shown[3][6]
  elseif account.billed == 1 then
    if waiting then
      starts, ends, allowance = waiting[1], waiting[2], 0
    elseif is_over then
      starts, ends = period_of(account.anchor, now)
      starts, allowance = math.max(starts, ended), 0
    end
  elseif before and (is_over or allowance == 0) then
    starts, ends, allowance = before[3], before[4], before[6]
    before[4] = 0
    is_over = true
  elseif is_over then
    if account.anchor == 0 then starts, ends = calendar_month(ended) else starts, ends = period_of(account.anchor, now) end
    allowance = clock and clock.granted_since(starts, of_plan) or 0
    starts = math.max(starts, ended)
  end
  if declared and declared.by_hand or not shown and account.billed == 0 and (is_over or declared) then
    local missing = of_plan - allowance
    if missing > 0 then
      owed[#owed + 1] = {missing, ends, plan}
      allowance = allowance + missing
      if shown then shown[3][6] = allowance end
    end
  end
  if starts ~= account.starts then set(account, 'starts', starts) end
  if ends ~= account.ends then set(account, 'ends', ends) end
  if allowance ~= account.allowance then set(account, 'allowance', allowance) end
  if kept > 0 then move.grant_new(account, 'rollover', kept, ROLLOVER_PRIORITY, ends, 'rollover', {''}) end
  -- The plan, the free one apart, is the entry's reason: what a dearer plan brings on top is told from what came before.
  for _, one in ipairs(owed) do move.grant_new(account, 'allowance', one[1], ALLOWANCE_PRIORITY, one[2], 'allowance', {one[3]}) end
  if #list > 0 or row[5] then paid.store(list) end

  -- The first moment at which anything happens by itself.
  local due = ends
  for _, period in ipairs(list) do
    if period[2] ~= '' and period[3] > now then due = math.min(due, period[3]) end
    if period[2] ~= '' and period[3] <= now and now < period[4] then due = math.min(due, ({paid.month_of(period, now)})[2]) end
  end
  if account.left > 0 then due = math.min(due, account.first[3]) end
  local others = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
  for index = 2, #others, 2 do due = math.min(due, tonumber(others[index]) % (NEVER + 1)) end
  if account.held > 0 then
    for _, packed in ipairs(redis.call('HVALS', KEYS[4])) do due = math.min(due, cmsgpack.unpack(packed)[2]) end
  end
  set(account, 'due', due)
end

local function settled()
  local account = open()
  -- A period that has not begun is of a clock that ran ahead; two clocks may differ by a little.
  if now >= account.due or account.starts > now + 3600000 then
    if not account.exists and redis.call('EXISTS', KEYS[7]) == 1 then return nil end
    settle(account)
  end
  return account
end

-- For a script that stops here or goes on reading: what was due is kept, nothing else.
local function close_settled(account)
  if account.settled then close(account) end
end

local function keep(account, answer)
  close_settled(account)
  return told(account, answer)
end
