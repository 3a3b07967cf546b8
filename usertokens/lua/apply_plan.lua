--[[ Set the plan, and what is paid for: each period's tokens come once; a plan that grants more a month grants the
difference at once.
KEYS  as ledger.lua
ARGV  as ledger.lua, 9 plan, 10 version (int, "" = set by hand: nothing follows),
      11 "1" when allowances come by calendar months (otherwise "": by paid periods alone),
      then each period (digest of its key (8 bytes), plan ("" = not paid yet), starts and ends (ms))
Returns {"ok", "new", balance} | {"older"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settle
local plan, version, by_calendar = ARGV[9], tonumber(ARGV[10]), ARGV[11] == '1'
local FIRST_PERIOD = 12
local account = open()
if not account.exists and redis.call('EXISTS', tombstone_key) == 1 then return {'closed'} end
if version and version < tonumber(redis.call('HGET', account_key, 'observation') or 0) then return {'older'} end
redis.call('HSET', stats_key, 'plan', plan)
if version then set(account, 'observation', version) end
local said = {}
for index = FIRST_PERIOD, #ARGV, 4 do
  local id, its_plan, starts, ends = unpack(ARGV, index, index + 3)
  said[#said + 1] = {id, its_plan, tonumber(starts), tonumber(ends)}
end
settle(account, version and {calendar = by_calendar, periods = said} or {by_hand = true})
return finish(account, {'ok', 'new', whole(account.balance)})
