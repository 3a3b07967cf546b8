--[[ Take hits that were emitted as events out of the list; each only where it is the oldest, so that two workers lose none.
KEYS  events (LIST)
ARGV  any number of entries (the oldest first)
Returns how many ]]
local events = KEYS[1]
local FIRST_ENTRY = 1
local dropped = 0
for index = FIRST_ENTRY, #ARGV do
  local entry = ARGV[index]
  if redis.call('LINDEX', events, 0) == entry then
    redis.call('LPOP', events)
    dropped = dropped + 1
  end
end
return dropped
