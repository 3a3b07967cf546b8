--[[ A hold as it is packed in the holds: {amount, expires (ms), made by ("user" or "service"), {grant, tokens, …}, reason}.
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: the positions. ]]
local HELD, RUNS_OUT, MADE_BY, PARTS, HELD_FOR = 1, 2, 3, 4, 5
