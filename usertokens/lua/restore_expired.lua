--[[ Bring back what expired under a clock that ran ahead, once for each entry: its grants' time is not over by the clock as it is now.
Allowances are no part of it: they come by themselves.
KEYS  as ledger.lua (8–10 always), 11 reversed
ARGV  as ledger.lua (4 is ""), 9 "1" to write nothing
Returns {"ok", tokens} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settle
if ARGV[9] == '1' and redis.call('EXISTS', KEYS[1]) == 0 then return {'ok', '0'} end
local account = ARGV[9] == '1' and open() or settled()
if not account then return {'closed'} end
local archived = tonumber(redis.call('HGET', KEYS[1], 'archived') or 0)
local total = 0
for index = redis.call('LLEN', KEYS[5]) - 1, 0, -1 do
  local number, at, kind, amount, _, reason, facts, _, moves = cmsgpack.unpack(redis.call('LINDEX', KEYS[5], index))
  -- Entries follow each other in time but for the clock: the first that is old enough ends those that were written ahead.
  if at <= now + HOUR and number > archived and at < now - DAY then break end
  local expires, priority, size = string.match(facts, '^(%d+):(%d+):(%d+)$')
  if kind == 'expire' and at > now + HOUR and expires and tonumber(expires) > now and redis.call('HEXISTS', KEYS[11], number) == 0 then
    total = total - amount
    if ARGV[9] ~= '1' then
      local id, tokens = moves[1], -amount
      local paid = math.min(tokens, account.debt)
      if paid > 0 then set(account, 'debt', account.debt - paid) end
      redis.call('HSET', KEYS[11], number, tokens)
      movements().put(account, {id, tonumber(priority), tonumber(expires), tonumber(size), reason}, tokens - paid)
      enter(account, 'restore', tokens, {id, tokens - paid}, {''})
    end
  end
end
if ARGV[9] == '1' then return {'ok', whole(total)} end
account.settled = true
return keep(account, {'ok', whole(total)})
