--[[ The ledger inside every script that touches it: open an account, settle what is due, move tokens, write entries.
Shape of the keys: docs/decisions/0041-ledger.md. Packed values are cmsgpack: grant_row.lua, hold_row.lua, entry_row.lua,
period_row.lua and source_row.lua say what they hold.
KEYS  1 account, 2 grants, 3 burn, 4 holds, 5 journal, 6 stats, 7 tombstone, then the keys of three weeks
ARGV  1 now (ms, "" = the server's clock), 2 low balance, 3 rules (JSON, see settle.lua), 4 digest of the idempotency key
      ("" = none), 5 fingerprint of the input, 6 reason, 7 idempotency key, 8 actor
Returns  nothing of its own: {"closed"} and {"conflict"} are handed on by the scripts that use it. Whatever a script answers,
         {"low", balance} stands behind it when the balance fell to the threshold in this call, and {"crossed"} when it fell
         to the user's own one (see watch_balance.lua), and {"reached"} when most of a budget was spent (see budgets.lua). ]]
local account_key, grants_key, burn_key, holds_key, journal_key, stats_key, tombstone_key = unpack(KEYS)
local now, low_balance, rules_json, digest, fingerprint, reason, key, actor = unpack(ARGV)
local FIRST_WEEK = 8
local WEEK = 604800000
now = tonumber(now)
if not now then
  local seconds, microseconds = unpack(redis.call('TIME'))
  now = seconds * 1000 + math.floor(microseconds / 1000)
end

local function whole(number) return string.format('%.0f', number) end

-- The first answer under this idempotency key, marked as a repeat; {"conflict"} when it was given for other input.
local function recall()
  if digest == '' then return nil end
  local ANSWERED_AT, ANSWERED_FOR, OUTCOME, NOVELTY = 1, 2, 3, 4
  local week = math.floor(now / WEEK)
  for back = 0, 1 do
    local kept = redis.call('HGET', KEYS[FIRST_WEEK + (week - back) % 3], digest)
    if kept then
      local record = {cmsgpack.unpack(kept)}
      if now - record[ANSWERED_AT] < WEEK then
        if record[ANSWERED_FOR] ~= fingerprint then return {'conflict'} end
        record[NOVELTY] = 'repeated'
        return {unpack(record, OUTCOME)}
      end
    end
  end
  return nil
end

local function open()
  local balance, entries, left, due, first, held, debt, grants, starts, watch, caps = unpack(
    redis.call('HMGET', account_key, 'balance', 'entries', 'left', 'due', 'first', 'held', 'debt', 'grants', 'starts', 'watch',
      'caps'))
  local account = {
    exists = balance and true, balance = tonumber(balance or 0), entries = tonumber(entries or 0), left = tonumber(left or 0),
    due = tonumber(due or 0), first = first and cmsgpack.unpack(first), held = tonumber(held or 0),
    debt = tonumber(debt or 0), grants = tonumber(grants or 0), starts = tonumber(starts or 0),
    watch = tonumber(watch or nil), caps = caps or nil, changed = {},
  }
  -- The highest balance of this call: a fall below the threshold is measured from it.
  account.peak = account.balance
  return account
end

-- A field of the account that few scripts change; 0 and "" mean that it need not be kept.
local function set(account, name, value)
  account[name] = value
  account.changed[name] = true
end

-- Change the balance by `amount` and write an entry to the journal. why: its reason, or what else it keeps there;
-- of, by: the idempotency key and the actor; each may be nil. used: what it takes for good. Answers the entry's number.
-- account.action, account.quantity: what the entry is a use of, where the script has set them.
local function enter(account, kind, amount, moves, used, why, of, by)
  account.balance = account.balance + amount
  if account.balance > account.peak then account.peak = account.balance end
  account.entries = account.entries + 1
  -- An action that is its own reason is there once: see entry_reply.lua.
  if why == account.action then why = '' end
  local entry = cmsgpack.pack(account.entries, now, kind, amount, account.balance, why or '', of or '', by or '', moves)
  if account.action then
    entry = entry .. cmsgpack.pack(used or {}, account.action, account.quantity)
  elseif used then
    entry = entry .. cmsgpack.pack(used)
  end
  redis.call('RPUSH', journal_key, entry)
  return account.entries
end

-- Take up to `amount` tokens in burn order. Answers {grant, -tokens, …} and what could not be taken.
local function take(account, amount)
  -- uses usertokens.grant_row
  local moves = {}
  while amount > 0 and account.left > 0 do
    local part = math.min(account.left, amount)
    account.left = account.left - part
    amount = amount - part
    moves[#moves + 1] = account.first[ID]
    moves[#moves + 1] = -part
    -- So that the first one is empty only when no other has anything.
    if account.left == 0 then
      -- uses usertokens.burn_order
      advance(account)
    end
  end
  return moves, amount
end

-- Write the account. When the balance has fallen to the threshold, the note about it stands again if it was put away, and
-- `fallen` tells this fall from others, for a mail about it. `crossed` does so for the user's own threshold, `watch`.
local function close(account)
  local low = tonumber(low_balance)
  -- is_taken_back: what a refund, a dispute or staff take is no use of tokens, and nothing is bought because of it.
  if account.watch and account.peak > account.watch and account.balance <= account.watch and not account.is_taken_back then
    account.has_crossed = true
    set(account, 'crossed', string.format('%.0f %.0f', account.entries, now))
  end
  if account.peak > low and account.balance <= low then
    account.fell = true
    set(account, 'seen', nil)
    set(account, 'fallen', string.format('%.0f %.0f', account.entries, now))
  end
  if not next(account.changed) then
    redis.call('HSET', account_key, 'balance', account.balance, 'entries', account.entries, 'left', account.left)
    return
  end
  local kept, empty = {}, {}
  for name in pairs(account.changed) do
    local value = account[name]
    if value == nil or value == 0 or value == '' then
      empty[#empty + 1] = name
    else
      kept[#kept + 1] = name
      kept[#kept + 1] = name == 'first' and cmsgpack.pack(value) or value
    end
  end
  redis.call('HSET', account_key, 'balance', account.balance, 'entries', account.entries, 'left', account.left, unpack(kept))
  if #empty > 0 then redis.call('HDEL', account_key, unpack(empty)) end
end

-- The answer, with {"low", balance} and {"crossed"} behind it when the balance fell to a threshold in this call, and with
-- {"reached"} when most of a budget, or all of it, has been spent in it.
local function with_low_balance(account, answer)
  if account.fell then answer[#answer + 1] = {'low', whole(account.balance)} end
  if account.has_crossed then answer[#answer + 1] = {'crossed'} end
  if account.has_reached then answer[#answer + 1] = {'reached'} end
  return answer
end

-- Every script that has changed the ledger ends here: write the account, and the answer under its idempotency key.
local function finish(account, answer)
  close(account)
  if digest ~= '' then
    local week_key = KEYS[FIRST_WEEK + math.floor(now / WEEK) % 3]
    redis.call('HSET', week_key, digest, cmsgpack.pack(now, fingerprint, unpack(answer)))
    -- Counted from its first key, two weeks reach a week beyond its last one.
    if redis.call('PTTL', week_key) < 0 then redis.call('PEXPIRE', week_key, 2 * WEEK) end
  end
  return with_low_balance(account, answer)
end
