--[[ A user's budgets as they are packed in the account's field `caps`: {day from, day to, month from, month to (ms: the periods
that `used` is counted in), {row, …}, own changed at (ms), staff changed at (ms), staff changed by (id)}.
A row: {action ("" = all tokens), own day, own month, staff's day, staff's month (tokens, 0 = no budget), used in the day, used in
the month, notified of the day, notified of the month (0, 80 or 100), held (tokens on hold; of "" the account says it)}.
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: the positions. ]]
local DAY_FROM, DAY_TO, MONTH_FROM, MONTH_TO, ROWS, OWN_AT, STAFF_AT, STAFF_BY = 1, 2, 3, 4, 5, 6, 7, 8
local OF, OWN_DAY, OWN_MONTH, STAFF_DAY, STAFF_MONTH, DAY_USED, MONTH_USED, DAY_NOTIFIED, MONTH_NOTIFIED, ON_HOLD = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
