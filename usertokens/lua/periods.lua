--[[ The periods that a user has paid for, each under its own key, so that what it brings comes once whatever else runs beside it.
Used by settle.lua.
A period is {id, plan, starts (ms), ends (ms), month, granted, void}:
  id       8 bytes of a digest of the caller's key; "-" is the calendar month that a paid period stands in front of;
           "" is what an older version knew of the paid period
  plan     whose month's tokens it brings; "" = nothing more of it comes (not paid yet, no longer heard of, or set by hand since)
  void     1 = the account was reset since: it has brought what it was to bring, and none of it is there
  month    where the month begins (ms) for which `granted` tokens have come; 0 = none
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `periods(…)` answers {month_of, merge, stop, store}. ]]
local function periods(account, period_of, move_end)
  local HOUR, DAY, CALENDAR, OLDER = 3600000, 86400000, '-', ''
  -- So many are remembered after their end: a clock that ran ahead may come back.
  local REMEMBERED = 3
  -- Whoever pays for a year at once still gets the tokens of a month each month.
  local function month_of(period, moment)
    if period[4] - period[3] <= 32 * DAY then return period[3], period[4] end
    local from, to = period_of(period[3], moment)
    return from, math.min(to, period[4])
  end

  -- What was granted by hand for the month of a period that is heard of for the first time.
  local function granted_before(period, by_hand)
    if by_hand and period[3] <= now and now < period[4] and month_of(period, now) == account.starts then
      return account.starts, account.allowance
    end
    return 0, 0
  end

  -- said: {id, plan, starts, ends} of all that billing knows now. What it knows no longer is remembered and brings nothing more.
  local function merge(list, said, by_hand)
    local known, merged = {}, {}
    for _, period in ipairs(list) do known[period[1]] = period end
    for _, one in ipairs(said) do
      local period, older = known[one[1]], known[OLDER]
      if not period and older and older[3] == one[3] then
        period, known[OLDER] = older, nil
        period[1] = one[1]
      end
      if period then
        local before = period[6] > 0 and ({month_of(period, period[5])})[2]
        period[2], period[3], period[4] = one[2], one[3], one[4]
        local after = before and ({month_of(period, period[5])})[2]
        if before ~= after then move_end(before, after) end
      else
        period = {one[1], one[2], one[3], one[4], 0, 0, 0}
        period[5], period[6] = granted_before(period, by_hand)
      end
      known[one[1]] = nil
      merged[#merged + 1] = period
    end
    for _, period in ipairs(list) do
      if known[period[1]] then
        period[2] = ''
        merged[#merged + 1] = period
      end
    end
    return merged
  end

  local function stop(list)
    for _, period in ipairs(list) do period[2] = '' end
  end

  local function store(list)
    local over, kept = {}, {}
    for _, period in ipairs(list) do
      if period[4] + HOUR <= now then over[#over + 1] = period[4] end
    end
    table.sort(over, function(one, other) return one > other end)
    for _, period in ipairs(list) do
      local is_over = period[4] + HOUR <= now
      if not is_over or (period[1] ~= CALENDAR and period[4] >= (over[REMEMBERED] or 0)) then kept[#kept + 1] = period end
    end
    set(account, 'periods', #kept > 0 and cmsgpack.pack(kept) or nil)
  end

  return {month_of = month_of, merge = merge, stop = stop, store = store}
end
