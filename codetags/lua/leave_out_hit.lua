--[[ Note that a call was not counted, when record_hit has nothing to say in it.
KEYS  registry (HASH), unknown (SET), left out in all (HASH), left out today (HASH)
ARGV  code ("" = none that can be read), reason, name of ~OTHER, TTL of a day (seconds), its fields at most (int)
Returns the name it is noted under, "" for none ]]
-- uses codetags.note_left_out
local name = ARGV[1]
if name ~= '' then name = listed_name(KEYS[1], KEYS[2], name, ARGV[3]) end
note_left_out(KEYS[3], KEYS[4], name, ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return name
