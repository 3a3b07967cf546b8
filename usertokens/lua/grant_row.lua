--[[ A grant as it is packed in the grants and in the account's `first`: {id, priority, expires (ms), amount, source, tokens
left}. The grant that burns next keeps its tokens in the account's `left`, without a sixth value.
Used within each function that reads a grant: a constant that a function takes from outside costs every run of a script.
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: the positions, and what stands for an expiry that never comes. ]]
local ID, PRIORITY, EXPIRES, GRANTED, SOURCE, REMAINING = 1, 2, 3, 4, 5, 6
local NEVER = 8796093022207
