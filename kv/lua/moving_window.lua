--[[ A moving window inside another script: at most `amount` hits in any `window` microseconds.
KEYS  none of its own: the caller passes the window's key (LIST of hit times, microseconds, newest first)
ARGV  none of its own: amount, window (microseconds) and now (microseconds, from TIME) come from the caller
Returns nothing of its own. `window_wait` answers the microseconds until the next hit is allowed: 0 when it is allowed now.
        Amount 0 means no limit. The caller writes the hit with `window_hit` once all its own checks have passed. ]]
local function window_wait(key, amount, window, now)
  if amount == 0 then return 0 end
  local oldest = redis.call('LINDEX', key, amount - 1)
  if not oldest then return 0 end
  local wait = tonumber(oldest) + window - now
  -- A wait longer than the window: the server's clock was set back since. That must not lock a caller out
  -- (shown by tests/kv/test_throttling.py::test_a_clock_set_back_locks_nobody_out).
  if wait > 0 and wait <= window then return wait end
  return 0
end
local function window_hit(key, amount, window, now)
  if amount == 0 then return end
  if redis.call('LPUSH', key, string.format('%.0f', now)) > amount then redis.call('LTRIM', key, 0, amount - 1) end
  redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(window / 1000)))
end
