--[[ Note that the POST of one hit failed: it waits for another try, or is parked after too many. Taken out again,
it has all its tries (shown by tests/codetags/test_outbox.py::test_an_unparked_hit_has_all_its_tries_again).
KEYS  outbox (LIST), tries (HASH), parked (LIST), state (HASH)
ARGV  entry, id, tries until it is parked (int), "1" to put it behind the others (otherwise ""), hits that may be parked (int)
Returns {"again", tries} | {"parked", tries} | {"gone"} ]]
local outbox, tries, parked, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local entry, id, most_tries, goes_behind, most_parked = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1', tonumber(ARGV[5])
if redis.call('LREM', outbox, 1, entry) == 0 then return {'gone'} end
local tried = redis.call('HINCRBY', tries, id, 1)
if tried >= most_tries then
  redis.call('HDEL', tries, id)
  if redis.call('RPUSH', parked, entry) > most_parked then
    redis.call('LPOP', parked)
    redis.call('HINCRBY', state, 'dropped', 1)
  end
  return {'parked', tried}
end
redis.call(goes_behind and 'RPUSH' or 'LPUSH', outbox, entry)
return {'again', tried}
