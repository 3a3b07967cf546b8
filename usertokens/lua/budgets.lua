--[[ A user's budgets: tokens that may be spent in a day or month of the site, of all or by action. Used behind ledger.lua and
only where account.caps is there, so that nobody else's calls make these functions. See docs/decisions/0082-budgets.md.
What is on hold counts while it stands; what is spent counts in the day and month in which its entry is written.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `budgets(account)` answers {caps, roll, count, save, each, over, use, give_back, clear}.
         action: "" = none. ]]
local function budgets(account)
  -- uses usertokens.budget_row
  local caps = account.caps and cmsgpack.unpack(account.caps) or {0, 0, 0, 0, {}, 0, 0, ''}
  -- Notes that nobody reads: the oldest go.
  local MOST_NOTES = 100

  local function save() set(account, 'caps', cmsgpack.pack(caps)) end

  -- The site's day and month in which now lies.
  local function periods_now()
    -- uses usertokens.months
    local DAY = 86400000
    local rules = cjson.decode(rules_json)
    local function among(starts, from, to)
      for index = 1, #(starts or {}) - 1 do
        if starts[index] <= now and now < starts[index + 1] then return starts[index], starts[index + 1] end
      end
      return from, to
    end
    local midnight = now - now % DAY
    local day_from, day_to = among(rules.days, midnight, midnight + DAY)
    local month_from, month_to = among(rules.months, months()(0, now))
    return day_from, day_to, month_from, month_to
  end

  -- Count anew what the journal says was spent. reversed: the key of what was given back of entries; nil = leave it out.
  -- archived: {{entry, at (ms), tokens, action}, …} of entries that are not in the journal any more; nil = none.
  local function count(reversed, archived)
    -- uses usertokens.entry_row
    -- Entries of one read: a journal may be long.
    local CHUNK = 500
    local rows = {}
    for _, row in ipairs(caps[ROWS]) do
      row[DAY_USED], row[MONTH_USED] = 0, 0
      rows[row[OF]] = row
    end
    local function add(number, at, spent, action)
      if spent <= 0 then return end
      if reversed then spent = spent - tonumber(redis.call('HGET', reversed, number) or 0) end
      for _, name in ipairs(action and action ~= '' and {'', action} or {''}) do
        local row = rows[name]
        -- A later moment is of a clock that ran ahead.
        if row and at >= caps[DAY_FROM] then row[DAY_USED] = row[DAY_USED] + spent end
        if row and at >= caps[MONTH_FROM] then row[MONTH_USED] = row[MONTH_USED] + spent end
      end
    end
    for _, one in ipairs(archived or {}) do add(unpack(one)) end
    local since = math.min(caps[DAY_FROM], caps[MONTH_FROM])
    local entries = redis.call('LLEN', journal_key)
    local low, high = 0, entries
    while low < high do
      local middle = math.floor((low + high) / 2)
      local entry = {cmsgpack.unpack(redis.call('LINDEX', journal_key, middle))}
      if entry[AT] < since then low = middle + 1 else high = middle end
    end
    for start = low, entries - 1, CHUNK do
      for _, packed in ipairs(redis.call('LRANGE', journal_key, start, start + CHUNK - 1)) do
        local entry = {cmsgpack.unpack(packed)}
        local spent = entry[KIND] == 'spend' and -entry[CHANGE] or 0
        if entry[KIND] == 'capture' then
          for place = 2, #(entry[USED] or {}), 2 do spent = spent + entry[USED][place] end
        end
        add(entry[ENTRY], entry[AT], spent, entry[ACTION])
      end
    end
  end

  -- Begin a new day or month. After the clock was set back the journal says what was used in this one.
  local function roll()
    if caps[DAY_FROM] <= now and now < caps[DAY_TO] and caps[MONTH_FROM] <= now and now < caps[MONTH_TO] then return end
    local is_set_back = now < caps[DAY_FROM] or now < caps[MONTH_FROM]
    local day_from, day_to, month_from, month_to = periods_now()
    for _, row in ipairs(caps[ROWS]) do
      if day_from ~= caps[DAY_FROM] then row[DAY_USED], row[DAY_NOTIFIED] = 0, 0 end
      if month_from ~= caps[MONTH_FROM] then row[MONTH_USED], row[MONTH_NOTIFIED] = 0, 0 end
    end
    caps[DAY_FROM], caps[DAY_TO], caps[MONTH_FROM], caps[MONTH_TO] = day_from, day_to, month_from, month_to
    if is_set_back then count() end
  end

  -- Staff's budget stands above the user's own: the lower one holds.
  local function lower(own, staff)
    if own == 0 or staff == 0 then return own + staff end
    return math.min(own, staff)
  end

  -- The budgets of a row that hold: visit("day" | "month", limit, place of `used`, place of `notified`, begins, ends).
  local function each(row, visit)
    local of_day, of_month = lower(row[OWN_DAY], row[STAFF_DAY]), lower(row[OWN_MONTH], row[STAFF_MONTH])
    if of_day > 0 then visit('day', of_day, DAY_USED, DAY_NOTIFIED, caps[DAY_FROM], caps[DAY_TO]) end
    if of_month > 0 then visit('month', of_month, MONTH_USED, MONTH_NOTIFIED, caps[MONTH_FROM], caps[MONTH_TO]) end
  end

  -- The rows that count tokens of an action: all tokens, and its own.
  local function rows_of(action)
    local found = {}
    for _, row in ipairs(caps[ROWS]) do
      if row[OF] == '' or row[OF] == action then found[#found + 1] = row end
    end
    return found
  end

  -- Nil when `amount` tokens may be spent or held now; otherwise {"over_budget", action, "day" | "month", limit (tokens), used
  -- (tokens, with what is on hold), opens at (ms)} of the budget that opens last. Writes nothing.
  local function over(action, amount)
    roll()
    local refusal, last
    if amount <= 0 then return nil end
    for _, row in ipairs(rows_of(action)) do
      local held = row[OF] == '' and account.held or row[ON_HOLD]
      each(row, function(period, limit, used_at, _, _, ends)
        local used = row[used_at] + held
        if used + amount > limit and (not last or ends > last) then
          last = ends
          refusal = {'over_budget', row[OF], period, whole(limit), whole(used), whole(ends)}
        end
      end)
    end
    return refusal
  end

  -- A budget has reached 80 or 100 per cent: noted in the account until its user is notified.
  local function note(line)
    local lines = {}
    for one in string.gmatch(account.reached or redis.call('HGET', account_key, 'reached') or '', '[^\n]+') do lines[#lines + 1] = one end
    if #lines >= MOST_NOTES then table.remove(lines, 1) end
    lines[#lines + 1] = line
    set(account, 'reached', table.concat(lines, '\n'))
    account.has_reached = true
  end

  -- Count tokens that are spent, and tokens that are put on hold (held > 0) or are no longer (held < 0).
  local function use(action, spent, held)
    roll()
    for _, row in ipairs(rows_of(action)) do
      row[DAY_USED], row[MONTH_USED] = row[DAY_USED] + spent, row[MONTH_USED] + spent
      row[ON_HOLD] = row[OF] == '' and 0 or math.max(row[ON_HOLD] + held, 0)
      if spent > 0 then
        each(row, function(period, limit, used_at, notified_at, begins, ends)
          for _, share in ipairs({80, 100}) do
            if row[notified_at] < share and row[used_at] * 100 >= limit * share then
              row[notified_at] = share
              note(table.concat({period, share, whole(limit), whole(row[used_at]), whole(now), whole(begins), whole(ends), row[OF]}, ' '))
            end
          end
        end)
      end
    end
    save()
  end

  -- What was spent at `at` (ms) is given back: room in the same day and month.
  local function give_back(action, amount, at)
    roll()
    for _, row in ipairs(rows_of(action)) do
      if at >= caps[DAY_FROM] then row[DAY_USED] = math.max(row[DAY_USED] - amount, 0) end
      if at >= caps[MONTH_FROM] then row[MONTH_USED] = math.max(row[MONTH_USED] - amount, 0) end
    end
    save()
  end

  -- Nothing is used: after a reset.
  local function clear()
    for _, row in ipairs(caps[ROWS]) do
      row[DAY_USED], row[MONTH_USED], row[DAY_NOTIFIED], row[MONTH_NOTIFIED], row[ON_HOLD] = 0, 0, 0, 0, 0
    end
    save()
  end

  return {caps = caps, roll = roll, count = count, save = save, each = each, over = over, use = use, give_back = give_back,
    clear = clear}
end
