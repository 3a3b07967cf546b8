--[[ An entry of the journal. Its values are packed one behind the other, without an array, which is quicker to write:
{cmsgpack.unpack(packed)} makes the row. Those behind the moves are there only where they are needed.
id, at (ms), type, amount, balance after, reason, key, actor, {grant, change, …}, {grant, tokens used, …}, action, quantity
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: the positions. ]]
local ENTRY, AT, KIND, CHANGE, BALANCE, REASON, KEY, ACTOR, MOVES, USED, ACTION, QUANTITY = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
