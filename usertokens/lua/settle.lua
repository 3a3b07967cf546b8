--[[ What happens to an account by itself, done at its next touch: holds that ran out return, expired grants leave, the
period's allowance comes. Used behind ledger.lua, by settled.lua and by the scripts that change the plan or the account whole.
The rules are {"plans": {plan: tokens of a month}, "free": those of no plan or an unknown one, "cap": tokens kept at a period's
end, "months": where the site's months begin (ms), some before and after now; without them they are those of UTC}.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `settle` does it. ]]

-- declared: nil, or what a plan's change says: {by_hand = true}, or of billing {calendar = whether allowances come by calendar
-- months, periods = as `merge` takes them}.
local function settle(account, declared)
  -- All parts stand inside, so that a script that settles nothing does not make their functions.
  -- uses usertokens.grant_row
  -- uses usertokens.hold_row
  -- uses usertokens.period_row
  -- uses usertokens.burn_order
  -- uses usertokens.grants
  -- uses usertokens.months
  -- uses usertokens.periods
  -- uses usertokens.clocks
  local ALLOWANCE_PRIORITY, ROLLOVER_PRIORITY = 20, 10
  local HOUR, DAY = 3600000, 86400000
  local rules = cjson.decode(rules_json)
  local starts, ends, anchor, allowance, packed_list, billed, older_end = unpack(
    redis.call('HMGET', account_key, 'starts', 'ends', 'anchor', 'allowance', 'periods', 'billed', 'paid'))
  account.starts, account.ends = tonumber(starts or 0), tonumber(ends or 0)
  account.anchor, account.allowance = tonumber(anchor or 0), tonumber(allowance or 0)
  account.billed = tonumber(billed or 0)
  account.settled = true
  local list = packed_list and cmsgpack.unpack(packed_list) or {}
  local plan = redis.call('HGET', stats_key, 'plan') or ''
  local of_plan = rules.plans[plan] or rules.free
  if older_end then
    -- An older version kept one paid period alone: `anchor` to `paid`, and in `allowance` what came for its present month.
    local its_plan = declared and '' or plan
    list[#list + 1] = {OLDER, its_plan, account.anchor, tonumber(older_end), account.starts, account.allowance, 0}
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
    -- uses usertokens.hold_row
    local over = {}
    local rows = redis.call('HGETALL', holds_key)
    for index = 1, #rows, 2 do
      local hold = cmsgpack.unpack(rows[index + 1])
      -- None lasts longer than a day, so one that does was made by a clock that ran ahead.
      if hold[RUNS_OUT] <= now or (clock and hold[RUNS_OUT] > now + DAY + HOUR) then
        over[#over + 1] = {id = tonumber(rows[index]), hold = hold}
      end
    end
    table.sort(over, function(one, other) return one.id < other.id end)
    for _, one in ipairs(over) do
      move.end_hold(account, one.id, one.hold, 0, 'hold_expired', one.hold[HELD_FOR])
    end
  end

  -- What restore_expired needs to know of a grant that is not there any more; allowances come again by themselves.
  local function until_when(grant)
    -- uses usertokens.grant_row
    if grant[SOURCE] == 'allowance' or grant[SOURCE] == 'rollover' then return nil end
    return whole(grant[EXPIRES]) .. ':' .. whole(grant[PRIORITY]) .. ':' .. whole(grant[GRANTED])
  end

  -- Answers how much of it was allowance.
  local function expire_grants()
    -- uses usertokens.grant_row
    local gone, of_allowance = {}, 0
    local function leaves(grant, tokens)
      gone[#gone + 1] = {id = grant[ID], tokens = tokens, source = grant[SOURCE], facts = until_when(grant)}
    end
    local rows = redis.call('HGETALL', grants_key)
    for index = 1, #rows, 2 do
      local grant = cmsgpack.unpack(rows[index + 1])
      if grant[EXPIRES] <= now then
        redis.call('HDEL', grants_key, rows[index])
        if grant[REMAINING] > 0 then
          redis.call('ZREM', burn_key, string.format('%010d', grant[ID]))
          leaves(grant, grant[REMAINING])
        end
      end
    end
    local first = account.first
    if first and first[EXPIRES] <= now then
      if account.left > 0 then leaves(first, account.left) end
      account.left = 0
      account.first = nil
      set(account, 'first', nil)
      advance(account)
    end
    table.sort(gone, function(one, other) return one.id < other.id end)
    for _, one in ipairs(gone) do
      enter(account, 'expire', -one.tokens, {one.id, -one.tokens}, nil, one.source, one.facts)
      if one.source == 'allowance' or one.source == 'rollover' then of_allowance = of_allowance + one.tokens end
    end
    return of_allowance
  end

  -- A period's allowance lasts until its end, also when billing moves that end.
  local function move_end(from, to)
    -- uses usertokens.grant_row
    local moved = {}
    local rows = redis.call('HGETALL', grants_key)
    for index = 2, #rows, 2 do
      local grant = cmsgpack.unpack(rows[index])
      if grant[SOURCE] == 'allowance' and grant[EXPIRES] == from then moved[#moved + 1] = grant end
    end
    for _, grant in ipairs(moved) do
      redis.call('ZREM', burn_key, string.format('%010d', grant[ID]))
      redis.call('HDEL', grants_key, grant[ID])
    end
    local first, left = account.first, account.left
    if first and first[SOURCE] == 'allowance' and first[EXPIRES] == from then
      account.first, account.left = nil, 0
      set(account, 'first', nil)
      advance(account)
      first[REMAINING] = left
      moved[#moved + 1] = first
    end
    for _, grant in ipairs(moved) do
      grant[EXPIRES] = to
      move.put(account, grant, grant[REMAINING])
    end
  end

  -- What is left of the calendar month's allowance goes when more is paid for. Answers how much that was.
  local function make_way(to)
    -- uses usertokens.grant_row
    local moves, gone = {}, 0
    local rows = redis.call('HGETALL', grants_key)
    for index = 2, #rows, 2 do
      local grant = cmsgpack.unpack(rows[index])
      if grant[SOURCE] == 'allowance' and grant[EXPIRES] == to and grant[REMAINING] > 0 then
        gone = gone + grant[REMAINING]
        moves[#moves + 1], moves[#moves + 2] = grant[ID], -grant[REMAINING]
        grant[REMAINING] = 0
        redis.call('ZREM', burn_key, string.format('%010d', grant[ID]))
        -- It stays, for what is on hold of it.
        redis.call('HSET', grants_key, grant[ID], cmsgpack.pack(grant))
      end
    end
    local first = account.first
    if first and first[SOURCE] == 'allowance' and first[EXPIRES] == to and account.left > 0 then
      gone = gone + account.left
      moves[#moves + 1], moves[#moves + 2] = first[ID], -account.left
      account.left = 0
      advance(account)
    end
    if gone > 0 then enter(account, 'expire', -gone, moves, nil, 'allowance') end
    return gone
  end

  local paid = periods(account, period_of, move_end)
  -- Whether the allowance that runs is a paid period's, not a calendar month's.
  local is_paid_for = false
  for _, period in ipairs(list) do
    if period[BROUGHT] > 0 and paid.month_end(period, period[MONTH]) == account.ends then is_paid_for = true end
  end
  if declared and declared.by_hand then
    paid.stop(list)
    set(account, 'billed', 0)
  elseif declared then
    local by_hand = account.billed == 0 and account.anchor > 0
    list = paid.merge(list, declared.periods, by_hand)
    set(account, 'billed', declared.calendar and 0 or 1)
    local own = unpack(declared.periods)
    set(account, 'anchor', not declared.calendar and own and own[STARTS] or 0)
    is_paid_for = is_paid_for or by_hand
  end

  if account.held > 0 then return_holds() end
  local kept = math.min(expire_grants(), rules.cap)
  -- What every period brings now, and which one is shown: the first that has brought something, else one that waits to be paid.
  local owed, shown, waiting, before = {}, nil, nil, nil
  for _, period in ipairs(list) do
    if period[PERIOD] == CALENDAR then
      if now < period[ENDS] then before = period end
    elseif period[STARTS] <= now and now < period[ENDS] and period[IS_VOID] ~= 1 then
      local from, to = paid.month_of(period, now)
      if period[PLAN] ~= '' then
        local of_month = rules.plans[period[PLAN]] or 0
        if period[MONTH] ~= from then
          period[MONTH], period[BROUGHT] = from, clock and clock.granted_since(from, of_month) or 0
        end
        local missing = of_month - period[BROUGHT]
        if missing > 0 then
          owed[#owed + 1] = {tokens = missing, ends = to, plan = period[PLAN]}
          period[BROUGHT] = period[BROUGHT] + missing
        end
      end
      if period[MONTH] == from and period[BROUGHT] > 0 then
        shown = shown or {starts = from, ends = to, period = period}
      else
        waiting = waiting or {starts = from, ends = to}
      end
    end
  end
  starts, ends, allowance = account.starts, account.ends, account.allowance
  local is_over = now >= ends or (is_paid_for and not shown)
  local ended = math.min(ends, now)
  if (shown or waiting and account.billed == 1) and not is_over and not is_paid_for and allowance > 0 then
    -- It goes on where it was when the paid period is over before it.
    local gone = shown and #owed > 0 and allowance < shown.period[BROUGHT] and make_way(ends) or 0
    list[#list + 1] = {CALENDAR, '', starts, ends, starts, allowance - gone, 0}
  end
  if shown then
    starts, ends, allowance = shown.starts, shown.ends, shown.period[BROUGHT]
  elseif account.billed == 1 then
    if waiting then
      starts, ends, allowance = waiting.starts, waiting.ends, 0
    elseif is_over then
      starts, ends = period_of(account.anchor, now)
      starts, allowance = math.max(starts, ended), 0
    end
  elseif before and (is_over or allowance == 0) then
    starts, ends, allowance = before[STARTS], before[ENDS], before[BROUGHT]
    before[ENDS] = 0
    is_over = true
  elseif is_over then
    if account.anchor == 0 then starts, ends = calendar_month(ended) else starts, ends = period_of(account.anchor, now) end
    allowance = clock and clock.granted_since(starts, of_plan) or 0
    starts = math.max(starts, ended)
  end
  if declared and declared.by_hand or not shown and account.billed == 0 and (is_over or declared) then
    local missing = of_plan - allowance
    if missing > 0 then
      owed[#owed + 1] = {tokens = missing, ends = ends, plan = plan}
      allowance = allowance + missing
      if shown then shown.period[BROUGHT] = allowance end
    end
  end
  if starts ~= account.starts then set(account, 'starts', starts) end
  if ends ~= account.ends then set(account, 'ends', ends) end
  if allowance ~= account.allowance then set(account, 'allowance', allowance) end
  if kept > 0 then move.grant_new(account, 'rollover', kept, ROLLOVER_PRIORITY, ends, 'rollover') end
  -- The plan is the entry's reason ("" for none): it tells what a dearer plan brings on top from what came before.
  for _, one in ipairs(owed) do
    move.grant_new(account, 'allowance', one.tokens, ALLOWANCE_PRIORITY, one.ends, 'allowance', one.plan)
  end
  if #list > 0 or packed_list then paid.store(list) end

  -- The first moment at which anything happens by itself.
  local due = ends
  for _, period in ipairs(list) do
    local brings_more = period[PLAN] ~= ''
    if brings_more and period[STARTS] > now then due = math.min(due, period[STARTS]) end
    if brings_more and period[STARTS] <= now and now < period[ENDS] then due = math.min(due, paid.month_end(period, now)) end
  end
  if account.left > 0 then due = math.min(due, account.first[EXPIRES]) end
  local others = redis.call('ZRANGE', burn_key, 0, -1, 'WITHSCORES')
  for index = 2, #others, 2 do due = math.min(due, tonumber(others[index]) % (NEVER + 1)) end
  if account.held > 0 then
    for _, packed in ipairs(redis.call('HVALS', holds_key)) do due = math.min(due, cmsgpack.unpack(packed)[RUNS_OUT]) end
  end
  set(account, 'due', due)
end
