--[[ A period that a user has paid for, as it is packed in the account's `periods`:
{id, plan, starts (ms), ends (ms), month, granted, void}
  id       8 bytes of a digest of the caller's key; or CALENDAR: the calendar month that a paid period stands in front of;
           or OLDER: what an older version knew of the paid period
  plan     whose month's tokens it brings; "" = nothing more of it comes (not paid yet, no longer named by billing, or the
           plan was set by hand since)
  month    where the month begins (ms) for which `granted` tokens have come; 0 = none
  void     1 = the account was reset since: the period has brought its tokens, and none of them is there
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: the positions, and the two ids. ]]
local PERIOD, PLAN, STARTS, ENDS, MONTH, BROUGHT, IS_VOID = 1, 2, 3, 4, 5, 6, 7
local CALENDAR, OLDER = '-', ''
