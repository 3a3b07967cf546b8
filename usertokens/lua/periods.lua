--[[ The periods that a user has paid for, each under its own key, so that what it brings comes once whatever else runs
beside it. Used by settle.lua, behind period_row.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `periods(…)` answers {month_of, month_end, merge, stop, store}. ]]
local function periods(account, period_of, move_end)
  local HOUR, DAY = 3600000, 86400000
  -- So many periods are kept after their end: a clock that ran ahead may be set back into one of them.
  local REMEMBERED = 3
  -- Whoever pays for a year at once still gets the tokens of a month each month.
  local function month_of(period, moment)
    if period[ENDS] - period[STARTS] <= 32 * DAY then return period[STARTS], period[ENDS] end
    local from, to = period_of(period[STARTS], moment)
    return from, math.min(to, period[ENDS])
  end

  local function month_end(period, moment)
    local _, to = month_of(period, moment)
    return to
  end

  -- What was granted by hand for the month of a period that is heard of for the first time.
  local function granted_before(period, by_hand)
    if by_hand and period[STARTS] <= now and now < period[ENDS] and month_of(period, now) == account.starts then
      return account.starts, account.allowance
    end
    return 0, 0
  end

  -- said: {id, plan, starts, ends} of all periods that billing knows now. Any other is kept and brings nothing more.
  local function merge(list, said, by_hand)
    local known, merged = {}, {}
    for _, period in ipairs(list) do known[period[PERIOD]] = period end
    for _, one in ipairs(said) do
      local period, older = known[one[PERIOD]], known[OLDER]
      if not period and older and older[STARTS] == one[STARTS] then
        period, known[OLDER] = older, nil
        period[PERIOD] = one[PERIOD]
      end
      if period then
        local before = period[BROUGHT] > 0 and month_end(period, period[MONTH])
        period[PLAN], period[STARTS], period[ENDS] = one[PLAN], one[STARTS], one[ENDS]
        local after = before and month_end(period, period[MONTH])
        if before ~= after then move_end(before, after) end
      else
        period = {one[PERIOD], one[PLAN], one[STARTS], one[ENDS], 0, 0, 0}
        period[MONTH], period[BROUGHT] = granted_before(period, by_hand)
      end
      known[one[PERIOD]] = nil
      merged[#merged + 1] = period
    end
    for _, period in ipairs(list) do
      if known[period[PERIOD]] then
        period[PLAN] = ''
        merged[#merged + 1] = period
      end
    end
    return merged
  end

  local function stop(list)
    for _, period in ipairs(list) do period[PLAN] = '' end
  end

  local function store(list)
    local over, kept = {}, {}
    for _, period in ipairs(list) do
      if period[ENDS] + HOUR <= now then over[#over + 1] = period[ENDS] end
    end
    table.sort(over, function(one, other) return one > other end)
    for _, period in ipairs(list) do
      local is_over = period[ENDS] + HOUR <= now
      if not is_over or (period[PERIOD] ~= CALENDAR and period[ENDS] >= (over[REMEMBERED] or 0)) then kept[#kept + 1] = period end
    end
    set(account, 'periods', #kept > 0 and cmsgpack.pack(kept) or nil)
  end

  return {month_of = month_of, month_end = month_end, merge = merge, stop = stop, store = store}
end
