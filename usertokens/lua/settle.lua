--[[ What happens to an account by itself, done at its next touch: holds that ran out return, expired grants leave, the
period's allowance comes. Used behind ledger.lua and grants.lua by every script that opens an account.
KEYS  as ledger.lua
ARGV  as ledger.lua; the rules are {"plans": {plan: tokens of a month}, "cap": tokens kept at a period's end,
      "months": where the site's months begin (ms), some before and after now; without them they are those of UTC}
Returns  nothing of its own: `settled()` answers the account, or nil when it was closed. ]]
local ALLOWANCE_PRIORITY, ROLLOVER_PRIORITY = 20, 10
local DAY, HOUR = 86400000, 3600000

-- declared: nil, or what a plan's change says: {starts, ends} of the subscription's own period, {} for calendar months.
local function settle(account, declared)
  local rules = cjson.decode(ARGV[3])
  local row = redis.call('HMGET', KEYS[1], 'starts', 'ends', 'anchor', 'allowance', 'paid')
  account.starts, account.ends = tonumber(row[1] or 0), tonumber(row[2] or 0)
  account.anchor, account.allowance = tonumber(row[3] or 0), tonumber(row[4] or 0)
  account.paid = tonumber(row[5] or 0)
  account.settled = true
  local move = movements()

  -- Days since 1970 of a date, and back: the proleptic Gregorian calendar counted in eras of 400 years from 1 March.
  local function days_of(year, month, day)
    if month <= 2 then year = year - 1 end
    local era = math.floor(year / 400)
    local of_era = year - era * 400
    local of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
    return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
  end
  local function date_of(days)
    days = days + 719468
    local era = math.floor(days / 146097)
    local of_era = days - era * 146097
    local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
    local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
    local shifted = math.floor((5 * of_year + 2) / 153)
    local month = shifted < 10 and shifted + 3 or shifted - 9
    return year + era * 400 + (month <= 2 and 1 or 0), month, of_year - math.floor((153 * shifted + 2) / 5) + 1
  end
  -- The moment `count` months after `anchor`; the 31st becomes the last day of a shorter month.
  local function months_after(anchor, count)
    local days = math.floor(anchor / DAY)
    local year, month, day = date_of(days)
    local total = year * 12 + month - 1 + count
    year, month = math.floor(total / 12), total % 12 + 1
    local following = days_of(math.floor((total + 1) / 12), (total + 1) % 12 + 1, 1)
    return math.min(days_of(year, month, 1) + day - 1, following - 1) * DAY + anchor - days * DAY
  end
  -- The month counted from `anchor` in which `moment` lies; anchor 0 makes calendar months, of UTC.
  local function period_of(anchor, moment)
    local from_year, from_month = date_of(math.floor(anchor / DAY))
    local to_year, to_month = date_of(math.floor(moment / DAY))
    local count = (to_year - from_year) * 12 + to_month - from_month
    if months_after(anchor, count) > moment then count = count - 1 end
    return months_after(anchor, count), months_after(anchor, count + 1)
  end

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

  local function return_holds()
    local over = {}
    local rows = redis.call('HGETALL', KEYS[4])
    for index = 1, #rows, 2 do
      local hold = cmsgpack.unpack(rows[index + 1])
      if hold[2] <= now then over[#over + 1] = {tonumber(rows[index]), hold} end
    end
    table.sort(over, function(one, other) return one[1] < other[1] end)
    for _, pair in ipairs(over) do
      move.end_hold(account, pair[1], pair[2], 0, 'hold_expired', {pair[2][5]})
    end
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
          gone[#gone + 1] = {grant[1], grant[6], grant[5]}
        end
      end
    end
    local first = account.first
    if first and first[3] <= now then
      if account.left > 0 then gone[#gone + 1] = {first[1], account.left, first[5]} end
      account.left = 0
      account.first = nil
      set(account, 'first', nil)
      advance(account)
    end
    table.sort(gone, function(one, other) return one[1] < other[1] end)
    for _, grant in ipairs(gone) do
      enter(account, 'expire', -grant[2], {grant[1], -grant[2]}, {grant[3]})
      if grant[3] == 'allowance' or grant[3] == 'rollover' then allowance = allowance + grant[2] end
    end
    return allowance
  end

  -- The running period's allowance lasts until its end, also when billing moves that end.
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

  local function next_due()
    local due = account.ends
    if account.left > 0 then due = math.min(due, account.first[3]) end
    local waiting = redis.call('ZRANGE', KEYS[3], 0, -1, 'WITHSCORES')
    for index = 2, #waiting, 2 do due = math.min(due, tonumber(waiting[index]) % (NEVER + 1)) end
    if account.held > 0 then
      for _, packed in ipairs(redis.call('HVALS', KEYS[4])) do due = math.min(due, cmsgpack.unpack(packed)[2]) end
    end
    return due
  end

  if account.held > 0 then return_holds() end
  local kept = math.min(expire_grants(), rules.cap)
  local ended, fresh = account.ends, now >= account.ends
  local starts, ends = account.starts, ended
  if declared then
    set(account, 'anchor', declared[1] or 0)
    -- Billing names the last period that is paid for; 0: nobody pays, or the plan was set by hand.
    set(account, 'paid', declared[2] or 0)
    if declared[1] and declared[1] <= now and now < declared[2] then
      local from, to = declared[1], declared[2]
      -- Whoever pays for a year at once still gets the tokens of a month each month.
      if to - from > 32 * DAY then from, to = period_of(from, now) end
      -- A renewal may be heard of a little before this server's clock has reached it.
      fresh = fresh or from >= ended - HOUR
      starts, ends = from, to
    end
  end
  if fresh and ends == ended then
    if account.anchor == 0 then starts, ends = calendar_month(ended) else starts, ends = period_of(account.anchor, now) end
    starts = math.max(starts, ended)
  end
  if not fresh and ends ~= ended then move_end(ended, ends) end
  if starts ~= account.starts then set(account, 'starts', starts) end
  if ends ~= ended then set(account, 'ends', ends) end
  if fresh and account.allowance > 0 then set(account, 'allowance', 0) end
  if kept > 0 then move.grant_new(account, 'rollover', kept, ROLLOVER_PRIORITY, ends, 'rollover', {''}) end
  if fresh or declared then
    local owed = (rules.plans[redis.call('HGET', KEYS[6], 'plan') or 'Free'] or 0) - account.allowance
    -- A plan outlives its last payment by the days of grace; the tokens of a month that is not paid for do not come.
    if account.paid > 0 and now >= account.paid then owed = 0 end
    if owed > 0 then
      set(account, 'allowance', account.allowance + owed)
      move.grant_new(account, 'allowance', owed, ALLOWANCE_PRIORITY, ends, 'allowance', {''})
    end
  end
  set(account, 'due', next_due())
end

local function settled()
  local account = open()
  if now >= account.due then
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
