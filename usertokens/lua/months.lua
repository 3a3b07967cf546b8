--[[ Months by the calendar, of UTC, in ms since 1970. Used by settle.lua.
KEYS  none of its own
ARGV  none of its own
Returns  nothing of its own: `months()` answers `period_of`. ]]

local function months()
  local DAY = 86400000
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
  return function(anchor, moment)
    local from_year, from_month = date_of(math.floor(anchor / DAY))
    local to_year, to_month = date_of(math.floor(moment / DAY))
    local count = (to_year - from_year) * 12 + to_month - from_month
    if months_after(anchor, count) > moment then count = count - 1 end
    return months_after(anchor, count), months_after(anchor, count + 1)
  end
end
