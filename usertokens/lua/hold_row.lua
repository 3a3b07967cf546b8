--[[ A hold as it is packed in the holds: {amount, expires (ms), made by ("user" or "service"), {grant, tokens, …}, reason},
then, for a hold by action: action, quantity, tokens, per (its price).
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: the positions. ]]
local HELD, RUNS_OUT, MADE_BY, PARTS, HELD_FOR = 1, 2, 3, 4, 5
local HELD_ACTION, HELD_QUANTITY, HELD_TOKENS, HELD_PER = 6, 7, 8, 9
