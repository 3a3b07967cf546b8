--[[ Read totals and what was ever added to them by hand, as of one moment.
KEYS  adjustments (HASH), then every total (STRING)
ARGV  then the field of each total in the adjustments
Returns for each total, in order: total, sum of its adjustments (both as text) ]]
local adjustments, totals, fields = KEYS[1], KEYS, ARGV
local FIRST_TOTAL = 2
local found = {}
for index = FIRST_TOTAL, #KEYS do
  local field = fields[index - FIRST_TOTAL + 1]
  found[#found + 1] = redis.call('GET', totals[index]) or '0'
  found[#found + 1] = redis.call('HGET', adjustments, field) or '0'
end
return found
