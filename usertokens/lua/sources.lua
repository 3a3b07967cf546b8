--[[ Money-backed grants by the key that made them, kept for ever. Used behind ledger.lua and settle.lua.
KEYS  8 sources
ARGV  9 digest of the source's key
Returns  nothing of its own. A record is {at (ms), fingerprint, entry, grant, amount, taken back, frozen, void}; it is void once the
account was reset: what it granted is gone then, so nothing of it can be taken back. ]]
local function source_of()
  local packed = redis.call('HGET', KEYS[8], ARGV[9])
  return packed and cmsgpack.unpack(packed)
end

local function keep_source(source) redis.call('HSET', KEYS[8], ARGV[9], cmsgpack.pack(source)) end

local function source_answer(account, source, word)
  return {'ok', word, whole(source[5]), whole(source[6]), whole(source[7]), whole(account.balance), whole(account.debt), whole(source[3])}
end

-- Take up to `wanted` tokens out of one grant. Answers how many.
local function drain(account, id, wanted)
  local first = account.first
  if first and first[1] == id then
    local part = math.min(wanted, account.left)
    account.left = account.left - part
    if account.left == 0 then advance(account) end
    return part
  end
  local packed = redis.call('HGET', KEYS[2], id)
  if not packed then return 0 end
  local grant = cmsgpack.unpack(packed)
  local part = math.min(wanted, grant[6])
  if part == 0 then return 0 end
  grant[6] = grant[6] - part
  redis.call('HSET', KEYS[2], id, cmsgpack.pack(grant))
  if grant[6] == 0 then redis.call('ZREM', KEYS[3], string.format('%010d', id)) end
  return part
end
