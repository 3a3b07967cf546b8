--[[ Set the plan, and what is paid for: each period's tokens come once; a plan that grants more a month grants the difference at once.
KEYS  as ledger.lua (1–7)
ARGV  as ledger.lua, 9 plan, 10 observation (int, "" = set by hand: nothing follows),
      11 "1" when allowances come by calendar months, "" when by paid periods alone,
      then four for each period: digest of its key (8 bytes), plan ("" = not paid yet), starts, ends (ms)
Returns {"ok", "new", balance} | {"older"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.settle
local account = open()
if not account.exists and redis.call('EXISTS', KEYS[7]) == 1 then return {'closed'} end
local observation = tonumber(ARGV[10])
if observation and observation < tonumber(redis.call('HGET', KEYS[1], 'observation') or 0) then return {'older'} end
redis.call('HSET', KEYS[6], 'plan', ARGV[9])
if observation then set(account, 'observation', observation) end
local said = {}
for index = 12, #ARGV, 4 do
  said[#said + 1] = {ARGV[index], ARGV[index + 1], tonumber(ARGV[index + 2]), tonumber(ARGV[index + 3])}
end
settle(account, observation and {calendar = ARGV[11] == '1', periods = said} or {by_hand = true})
return finish(account, {'ok', 'new', whole(account.balance)})
