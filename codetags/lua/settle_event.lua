--[[ Take a hit that the receiver has out of the outbox.
KEYS  outbox (LIST), tries (HASH)
ARGV  entry, id
Returns "settled" | "gone" ]]
local outbox, tries, entry, id = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
redis.call('HDEL', tries, id)
return redis.call('LREM', outbox, 1, entry) == 1 and 'settled' or 'gone'
