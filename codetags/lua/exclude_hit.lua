--[[ Note that a call was not counted, when record_hit has nothing to say in it.
KEYS  registry (HASH), unknown (SET), left out in all (HASH), left out today (HASH)
ARGV  code ("" = none that can be read), reason, name of ~OTHER, TTL of a day (seconds), fields of a day at most (int)
Returns the name it is noted under, "" for none ]]
-- uses codetags.registry_entry
-- uses codetags.note_excluded
local registry, unknown, excluded, excluded_today = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local code, reason, other, day_ttl, most_fields = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local name = code ~= '' and listed_name(registry, unknown, code, other) or ''
note_excluded(excluded, excluded_today, name, reason, other, day_ttl, most_fields)
return name
