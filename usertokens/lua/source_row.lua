--[[ A money-backed grant as it is packed in the sources, under the key that made it:
{at (ms), fingerprint, entry, grant, amount, taken back, frozen, void}
It is void (1) once the account was reset: what it granted is gone then, so nothing of it can be taken back.
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: the positions. ]]
local GRANTED_AT, GRANTED_FOR, GRANTED_BY, GRANT, BOUGHT, TAKEN_BACK, FROZEN, SOURCE_VOID = 1, 2, 3, 4, 5, 6, 7, 8
