--[[ Bring back what expired under a clock that ran ahead, once for each entry: by the clock as it is now the time of its
grants is not over.
Allowances are no part of it: they come by themselves.
KEYS  as ledger.lua (1–10), 11 reversed
ARGV  as ledger.lua, 9 "1" to write nothing
Returns {"ok", tokens} | {"closed"} ]]
-- uses usertokens.ledger
-- uses usertokens.grants
-- uses usertokens.settled
-- uses usertokens.entry_row
local reversed, is_dry = KEYS[11], ARGV[9] == '1'
local HOUR, DAY = 3600000, 86400000
if is_dry and redis.call('EXISTS', account_key) == 0 then return {'ok', '0'} end
local account = is_dry and open() or settled()
if not account then return {'closed'} end
local archived = tonumber(redis.call('HGET', account_key, 'archived') or 0)
local total = 0
for index = redis.call('LLEN', journal_key) - 1, 0, -1 do
  local entry = {cmsgpack.unpack(redis.call('LINDEX', journal_key, index))}
  local number, at, source = entry[ENTRY], entry[AT], entry[REASON]
  -- Entries follow each other in time unless the clock was set back. The first one that is a day old ends the search.
  if at <= now + HOUR and number > archived and at < now - DAY then break end
  local expires, priority, size = string.match(entry[KEY], '^(%d+):(%d+):(%d+)$')
  if entry[KIND] == 'expire' and at > now + HOUR and expires and tonumber(expires) > now
    and redis.call('HEXISTS', reversed, number) == 0 then
    local tokens = -entry[CHANGE]
    total = total + tokens
    if not is_dry then
      local id = unpack(entry[MOVES])
      local paid = math.min(tokens, account.debt)
      if paid > 0 then set(account, 'debt', account.debt - paid) end
      redis.call('HSET', reversed, number, tokens)
      movements().put(account, {id, tonumber(priority), tonumber(expires), tonumber(size), source}, tokens - paid)
      enter(account, 'restore', tokens, {id, tokens - paid})
    end
  end
end
if is_dry then return {'ok', whole(total)} end
account.settled = true
return keep(account, {'ok', whole(total)})
