--[[ The ledger inside every script that touches it: open an account, settle what is due, move tokens, write entries.
Shape of the keys: docs/decisions/0041-ledger.md. Packed values are cmsgpack arrays; an entry's values follow each other without one, which is quicker to write:
  grant  {id, priority, expires (ms), amount, source, tokens left}; the one that burns next keeps its `left` in the account
  hold   {amount, expires (ms), made by, {grant, tokens, …}, reason}
  entry  id, at (ms), type, amount, balance after, reason, key, actor, {grant, change, …}[, {grant, tokens used, …}]
KEYS  1 account, 2 grants, 3 burn, 4 holds, 5 journal, 6 stats, 7 tombstone, 8–10 keys of three weeks
ARGV  1 now (ms, "" = the server's clock), 2 low balance, 3 rules (JSON: plans, cap), 4 digest of the idempotency key ("" = none),
      5 fingerprint of the input, 6 reason, 7 idempotency key, 8 actor
Returns  nothing of its own: {"closed"} and {"conflict"} are handed on by the scripts that use it. Whatever a script answers,
         {"low", balance} stands behind it when the balance fell to the threshold in this call. ]]
local NEVER = 8796093022207
local WEEK, DAY, HOUR = 604800000, 86400000, 3600000
local now = tonumber(ARGV[1])
if not now then
  local clock = redis.call('TIME')
  now = clock[1] * 1000 + math.floor(clock[2] / 1000)
end

local function whole(number) return string.format('%.0f', number) end

-- The first answer under this idempotency key, marked as a repeat; {"conflict"} when it was given for other input.
local function recall()
  if ARGV[4] == '' then return nil end
  local week = math.floor(now / WEEK)
  for back = 0, 1 do
    local kept = redis.call('HGET', KEYS[8 + (week - back) % 3], ARGV[4])
    if kept then
      local record = {cmsgpack.unpack(kept)}
      if now - record[1] < WEEK then
        if record[2] ~= ARGV[5] then return {'conflict'} end
        record[4] = 'repeated'
        return {unpack(record, 3)}
      end
    end
  end
  return nil
end

local function open()
  local row = redis.call('HMGET', KEYS[1], 'balance', 'entries', 'left', 'due', 'first', 'held', 'debt', 'grants', 'starts')
  local account = {
    exists = row[1] and true, balance = tonumber(row[1] or 0), entries = tonumber(row[2] or 0), left = tonumber(row[3] or 0),
    due = tonumber(row[4] or 0), first = row[5] and cmsgpack.unpack(row[5]), held = tonumber(row[6] or 0),
    debt = tonumber(row[7] or 0), grants = tonumber(row[8] or 0), starts = tonumber(row[9] or 0), changed = {},
  }
  -- The highest balance of this call: what a fall below the threshold is measured from.
  account.peak = account.balance
  return account
end

-- A field of the account that few scripts change; 0 and "" mean that it need not be kept.
local function set(account, name, value)
  account[name] = value
  account.changed[name] = true
end

local function save(account)
  if not next(account.changed) then
    redis.call('HSET', KEYS[1], 'balance', account.balance, 'entries', account.entries, 'left', account.left)
    return
  end
  local words, empty = {}, {}
  for name in pairs(account.changed) do
    local value = account[name]
    if value == nil or value == 0 or value == '' then
      empty[#empty + 1] = name
    else
      words[#words + 1] = name
      words[#words + 1] = name == 'first' and cmsgpack.pack(value) or value
    end
  end
  redis.call('HSET', KEYS[1], 'balance', account.balance, 'entries', account.entries, 'left', account.left, unpack(words))
  if #empty > 0 then redis.call('HDEL', KEYS[1], unpack(empty)) end
end

-- Change the balance by `amount` and say so in the journal. words: {reason, key, actor}; nil = the caller's own.
-- Answers the entry's number.
local function enter(account, kind, amount, moves, words, used)
  account.balance = account.balance + amount
  if account.balance > account.peak then account.peak = account.balance end
  account.entries = account.entries + 1
  local reason, key, actor = ARGV[6], ARGV[7], ARGV[8]
  if words then reason, key, actor = words[1], words[2] or '', words[3] or '' end
  local entry = cmsgpack.pack(account.entries, now, kind, amount, account.balance, reason, key, actor, moves)
  if used then entry = entry .. cmsgpack.pack(used) end
  redis.call('RPUSH', KEYS[5], entry)
  return account.entries
end

local function score(grant) return grant[2] * (NEVER + 1) + math.min(grant[3], NEVER) end

-- Put a grant that is not the first one among the others, waiting when it has tokens left.
local function park(account, grant, left)
  grant[6] = left
  redis.call('HSET', KEYS[2], grant[1], cmsgpack.pack(grant))
  if left > 0 then redis.call('ZADD', KEYS[3], score(grant), string.format('%010d', grant[1])) end
end

-- The next grant that waits comes first, the burned one to the others; if none waits, the burned one stays.
local function advance(account)
  local popped = redis.call('ZPOPMIN', KEYS[3])
  if not popped[1] then return end
  local id = tonumber(popped[1])
  local grant = cmsgpack.unpack(redis.call('HGET', KEYS[2], id))
  redis.call('HDEL', KEYS[2], id)
  if account.first then park(account, account.first, 0) end
  account.left = grant[6]
  grant[6] = nil
  set(account, 'first', grant)
end

-- Take up to `amount` tokens in burn order. Answers {grant, -tokens, …} and what could not be taken.
local function take(account, amount)
  local moves = {}
  while amount > 0 and account.left > 0 do
    local part = math.min(account.left, amount)
    account.left = account.left - part
    amount = amount - part
    moves[#moves + 1] = account.first[1]
    moves[#moves + 1] = -part
    -- So that the first one is empty only when no other has anything.
    if account.left == 0 then advance(account) end
  end
  return moves, amount
end

-- Write the account; a balance that has fallen to the threshold is noted: a note that was put away stands again.
local function close(account)
  local low = tonumber(ARGV[2])
  if account.peak > low and account.balance <= low then
    account.fell = true
    set(account, 'seen', nil)
  end
  save(account)
end

-- The answer, with {"low", balance} behind it when the balance fell to the threshold in this call.
local function told(account, answer)
  if account.fell then answer[#answer + 1] = {'low', whole(account.balance)} end
  return answer
end

-- Every script that has changed the ledger ends here: write the account, and the answer under its idempotency key.
local function finish(account, answer)
  close(account)
  if ARGV[4] ~= '' then
    local week = KEYS[8 + math.floor(now / WEEK) % 3]
    redis.call('HSET', week, ARGV[4], cmsgpack.pack(now, ARGV[5], unpack(answer)))
    -- Counted from its first key, two weeks reach a week beyond its last one.
    if redis.call('PTTL', week) < 0 then redis.call('PEXPIRE', week, 2 * WEEK) end
  end
  return told(account, answer)
end
