--[[ Money-backed grants by the key that made them, kept for ever. Used behind ledger.lua and settled.lua.
KEYS  as ledger.lua (1–10), 11 sources
ARGV  as ledger.lua, 9 digest of the source's key
Returns  nothing of its own: functions that read and keep a source (source_row.lua), and what the scripts answer of it. ]]
local sources, source_digest = KEYS[11], ARGV[9]

local function source_of()
  local packed = redis.call('HGET', sources, source_digest)
  return packed and cmsgpack.unpack(packed)
end

local function keep_source(source) redis.call('HSET', sources, source_digest, cmsgpack.pack(source)) end

local function source_answer(account, source, word)
  -- uses usertokens.source_row
  return {'ok', word, whole(source[BOUGHT]), whole(source[TAKEN_BACK]), whole(source[FROZEN]), whole(account.balance),
    whole(account.debt), whole(source[GRANTED_BY])}
end

-- Take up to `wanted` tokens out of one grant. Answers how many.
local function drain(account, id, wanted)
  -- uses usertokens.grant_row
  local first = account.first
  if first and first[ID] == id then
    local part = math.min(wanted, account.left)
    account.left = account.left - part
    if account.left == 0 then
      -- uses usertokens.burn_order
      advance(account)
    end
    return part
  end
  local packed = redis.call('HGET', grants_key, id)
  if not packed then return 0 end
  local grant = cmsgpack.unpack(packed)
  local part = math.min(wanted, grant[REMAINING])
  if part == 0 then return 0 end
  grant[REMAINING] = grant[REMAINING] - part
  redis.call('HSET', grants_key, id, cmsgpack.pack(grant))
  if grant[REMAINING] == 0 then redis.call('ZREM', burn_key, string.format('%010d', id)) end
  return part
end
