--[[ Journal entries of some types and of a span of time, newest first, and on demand the sums of all. Changes nothing.
KEYS  journal (LIST)
ARGV  from (ms, "" = the first), until (ms, not included, "" = the newest), highest entry wanted ("" = the newest),
      how many, "1" for the sums ("" reads only as far as there are enough entries), then types (none = every one)
Returns {number of the first entry here (0 = none), entries that fit, tokens they added, tokens they took,
        {entry, … as entry_reply.lua}, …}: the sums are of all that fit, also above the highest, or 0 ]]
-- uses usertokens.entry_row
-- uses usertokens.entry_reply
local journal = KEYS[1]
local from, until_, highest, count = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local sums = ARGV[5] == '1'
local FIRST_TYPE = 6
-- Entries of one read: a journal may be long.
local CHUNK = 500
local wanted, any = {}, #ARGV < FIRST_TYPE
for index = FIRST_TYPE, #ARGV do wanted[ARGV[index]] = true end
local entries = redis.call('LLEN', journal)
if entries == 0 then return {'0', '0', '0', '0'} end
local first = {cmsgpack.unpack(redis.call('LINDEX', journal, 0))}
local fits, added, taken, found = 0, 0, 0, {}
local last = entries - 1
-- Entries are numbered without gaps.
if highest and not sums then last = math.min(last, highest - first[ENTRY]) end
while last >= 0 do
  local packed = redis.call('LRANGE', journal, math.max(last - CHUNK + 1, 0), last)
  for index = #packed, 1, -1 do
    local entry = {cmsgpack.unpack(packed[index])}
    if from and entry[AT] < from then
      last = -1
      break
    end
    if (not until_ or entry[AT] < until_) and (any or wanted[entry[KIND]]) then
      local change = entry[CHANGE]
      if sums then
        fits = fits + 1
        if change > 0 then added = added + change else taken = taken - change end
      end
      if #found < count and (not highest or entry[ENTRY] <= highest) then found[#found + 1] = reply_of(entry) end
      if not sums and #found == count then
        last = -1
        break
      end
    end
  end
  last = last - CHUNK
end
local answer = {string.format('%.0f', first[ENTRY]), string.format('%.0f', fits), string.format('%.0f', added),
  string.format('%.0f', taken)}
for _, reply in ipairs(found) do answer[#answer + 1] = reply end
return answer
