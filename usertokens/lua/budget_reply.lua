--[[ A user's budgets as a reply has them. Used behind budgets.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `reply_of(account, caps)` answers {"ok", "new"} for none, else {"ok", "new", day from, day to,
         month from, month to, own changed at, staff changed at (ms, 0 = never), staff changed by, {action, own day, own month,
         staff's day, staff's month (tokens, 0 = no budget), used in the day, used in the month, held}, …, ""}. ]]
local function reply_of(account, caps)
  -- uses usertokens.budget_row
  local answer = {'ok', 'new'}
  if #caps[ROWS] == 0 then return answer end
  for place = DAY_FROM, MONTH_TO do answer[#answer + 1] = whole(caps[place]) end
  answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = whole(caps[OWN_AT]), whole(caps[STAFF_AT]), caps[STAFF_BY]
  for _, row in ipairs(caps[ROWS]) do
    local texts = {row[OF]}
    for place = OWN_DAY, MONTH_USED do texts[#texts + 1] = whole(row[place]) end
    texts[#texts + 1] = whole(row[OF] == '' and account.held or row[ON_HOLD])
    answer[#answer + 1] = texts
  end
  -- Not a row at the end: an action may be called "low", which stands there for another thing (see ledger.lua).
  answer[#answer + 1] = ''
  return answer
end
