--[[ How the names of codes stand in one string: each slot has NAME_BYTES, the code and zeros behind it. All zeros: nobody's.
IN_SERIES as the last byte: a sum of the code does not fit into a column, so its own daily series is read instead.
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own. ]]
local NAME_BYTES, IN_SERIES = 33, '*'
