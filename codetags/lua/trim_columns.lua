--[[ Give columns no more memory than they need: a string that has grown may hold as much again.
KEYS  spare (a name that is free before and after), then the columns (STRINGs)
ARGV  none
Returns "trimmed" ]]
local spare = KEYS[1]
local FIRST_COLUMN = 2
for index = FIRST_COLUMN, #KEYS do
  local column = KEYS[index]
  -- A copy is as long as its text.
  if redis.call('COPY', column, spare) == 1 then redis.call('RENAME', spare, column) end
end
return 'trimmed'
