--[[ Stats and balance as on the first day. The journal must be in the archive; the keys of money-backed grants stay, void.
A plan that billing has set stays with its period, and the balance is as on that plan's first day.
KEYS  as ledger.lua (8–10 always), 11 last log-in (STRING), 12 reversed, 13 sources
ARGV  as ledger.lua, 9 the archive reaches to this entry, 10 today ("YYYY-MM-DD", the site's day), 11 the free plan
Returns {"ok", "new" | "repeated", at (ms), balance, held, debt, allowance, starts (ms), ends (ms), last log-in, field, value, …
        of the stats} | {"behind"} | {"held"} | {"conflict"} | {"closed"}: the first day as it was then, also when repeated ]]
-- uses usertokens.ledger
-- uses usertokens.settle
-- uses usertokens.activity
local known = recall()
if known then return known end
local account = settled()
if not account then return {'closed'} end
if account.held > 0 or account.entries ~= tonumber(ARGV[9]) then
  return keep(account, {account.held > 0 and 'held' or 'behind'})
end
-- Billing speaks again only when something changes at its end: dropped here, what was paid for would be missing till then.
local billed = redis.call('HMGET', KEYS[1], 'observation', 'anchor', 'paid', 'periods', 'billed')
local plan = billed[1] and redis.call('HGET', KEYS[6], 'plan')
local sources = redis.call('HGETALL', KEYS[13])
for index = 1, #sources, 2 do
  local source = cmsgpack.unpack(sources[index + 1])
  source[7], source[8] = 0, 1
  redis.call('HSET', KEYS[13], sources[index], cmsgpack.pack(source))
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12])
create_stats(KEYS[6], KEYS[11], KEYS[7], ARGV[10], ARGV[11])
if plan then redis.call('HSET', KEYS[6], 'plan', plan) end
set(account, 'archived', account.entries)
if billed[1] then
  local list = {}
  for _, period in ipairs(billed[4] and cmsgpack.unpack(billed[4]) or {}) do
    -- The plan's own period brings its tokens once more; any other has brought them, and is gone with the balance.
    local is_own = #list == 0 and billed[5] == '1'
    if period[1] ~= '-' then list[#list + 1] = {period[1], period[2], period[3], period[4], 0, 0, is_own and 0 or 1} end
  end
  for name, value in pairs({observation = billed[1], anchor = billed[2], paid = billed[3], billed = billed[5],
    periods = #list > 0 and cmsgpack.pack(list)}) do
    if value then redis.call('HSET', KEYS[1], name, value) end
  end
end
set(account, 'grants', account.grants)
account.debt, account.left, account.first, account.due = 0, 0, nil, 0
enter(account, 'reset', -account.balance, {})
settle(account)
local answer = {'ok', 'new', whole(now), whole(account.balance), whole(account.held), whole(account.debt), whole(account.allowance),
  whole(account.starts), whole(account.ends), ARGV[10]}
for _, word in ipairs(redis.call('HGETALL', KEYS[6])) do answer[#answer + 1] = word end
return finish(account, answer)
