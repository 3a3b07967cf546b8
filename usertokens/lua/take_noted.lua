--[[ Take some users off a list, so that none is lost with the process that takes them.
KEYS  noted (SET), taken (SET): who was taken and is not done with
ARGV  how many at most
Returns their ids: first of all put back who was taken by a process that has died or failed. ]]
local noted, taken = KEYS[1], KEYS[2]
local most = ARGV[1]
if redis.call('EXISTS', taken) == 1 then
  redis.call('SUNIONSTORE', noted, noted, taken)
  redis.call('DEL', taken)
end
local found = redis.call('SPOP', noted, most)
if #found > 0 then redis.call('SADD', taken, unpack(found)) end
return found
