--[[ How the registry's mirror keeps one code: "start|end|archived"; an alias has "|the code it counts for" behind that.
start and end are days (YYYY-MM-DD, "" = none), archived is "1" or "0".
KEYS  none of its own
ARGV  none of its own
Returns nothing of its own: patterns for string.match. TARGET finds the code that an alias counts for, nil otherwise;
        PERIOD finds start, end and archived. ]]
local TARGET, PERIOD = '^[^|]*|[^|]*|.|(.+)$', '^([^|]*)|([^|]*)|(.)'
