--[[ Note that the POST of one hit failed: it waits for another try, or is parked after too many. Taken out again,
it has all its tries (shown by tests/codetags/test_outbox.py::test_an_unparked_hit_has_all_its_tries_again).
KEYS  outbox (LIST), tries (HASH), parked (LIST), state (HASH)
ARGV  entry, id, tries until it is parked (int), "1" to put it behind the others, otherwise "", hits that may be parked (int)
Returns {"again", tries} | {"parked", tries} | {"gone"} ]]
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return {'gone'} end
local tries = redis.call('HINCRBY', KEYS[2], ARGV[2], 1)
if tries >= tonumber(ARGV[3]) then
  redis.call('HDEL', KEYS[2], ARGV[2])
  if redis.call('RPUSH', KEYS[3], ARGV[1]) > tonumber(ARGV[5]) then
    redis.call('LPOP', KEYS[3])
    redis.call('HINCRBY', KEYS[4], 'dropped', 1)
  end
  return {'parked', tries}
end
redis.call(ARGV[4] == '1' and 'RPUSH' or 'LPUSH', KEYS[1], ARGV[1])
return {'again', tries}
