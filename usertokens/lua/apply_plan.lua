--[[ Set the plan; one that grants more a month grants the difference at once.
KEYS  as ledger.lua (1–7)
ARGV  as ledger.lua, 9 plan, 10 observation (int, "" = set by hand), 11 period starts, 12 period ends (ms, "" = calendar months),
      13 "1" when the period is to be set
Returns {"ok", "new", balance} | {"older"} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
local account = open()
if not account.exists and redis.call('EXISTS', KEYS[7]) == 1 then return {'closed'} end
local observation = tonumber(ARGV[10])
if observation and observation < tonumber(redis.call('HGET', KEYS[1], 'observation') or 0) then return {'older'} end
redis.call('HSET', KEYS[6], 'plan', ARGV[9])
if observation then set(account, 'observation', observation) end
local declared = {tonumber(ARGV[11]), tonumber(ARGV[12])}
if ARGV[13] ~= '1' then
  local anchor = tonumber(redis.call('HGET', KEYS[1], 'anchor') or 0)
  -- By hand: the period stays as it is, whoever set it.
  declared = anchor > 0 and {anchor, 0} or {}
end
settle(account, declared)
return finish(account, {'ok', 'new', whole(account.balance)})
