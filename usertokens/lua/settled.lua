--[[ An account as it is now: what is due by itself is done first. Used behind ledger.lua.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns  nothing of its own: `settled()` answers the account, or nil when it was closed. ]]
local function settled()
  -- Two clocks may differ by an hour. A period that begins later than that is of a clock that ran ahead.
  local HOUR = 3600000
  local account = open()
  if now >= account.due or account.starts > now + HOUR then
    if not account.exists and redis.call('EXISTS', tombstone_key) == 1 then return nil end
    -- uses usertokens.settle
    settle(account)
  end
  return account
end

-- For a script that stops here or goes on reading: what was due is kept, nothing else.
local function close_settled(account)
  if account.settled then close(account) end
end

local function keep(account, answer)
  close_settled(account)
  return with_low_balance(account, answer)
end
