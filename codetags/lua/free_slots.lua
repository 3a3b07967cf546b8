--[[ Take their slots from codes, so that add_series writes their series anew.
KEYS  slots (HASH), names (STRING)
ARGV  any number of codes
Returns "freed" ]]
-- uses codetags.code_names
-- uses codetags.free_slot
local slots, names, codes = KEYS[1], KEYS[2], ARGV
for _, code in ipairs(codes) do free_slot(slots, names, code) end
return 'freed'
