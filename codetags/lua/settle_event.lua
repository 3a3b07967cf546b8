--[[ Take a hit that the receiver has out of the outbox.
KEYS  outbox (LIST), tries (HASH)
ARGV  entry, id
Returns "settled" | "gone" ]]
redis.call('HDEL', KEYS[2], ARGV[2])
return redis.call('LREM', KEYS[1], 1, ARGV[1]) == 1 and 'settled' or 'gone'
