--[[ Give codes that have hits and no slot a slot, and write their daily series to the columns.
KEYS  slots (HASH), names (STRING), rank (ZSET), then the daily series of each code (HASH) and behind them the columns (STRING)
ARGV  how many codes (int), then each code and behind them the day or month of each column
Returns how many codes were added (int). A code with a slot or without hits is left, and one with
        a day that has no column here. ]]
-- uses codetags.code_names
local slots, names, rank, number_of_codes = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1])
local FIRST_CODE = 2
local FIRST_SERIES = 4
local LARGEST, LANE_BYTES = 4294967295, 4
local columns, lanes = {}, {}
for index = number_of_codes, #ARGV - FIRST_CODE do
  columns[ARGV[FIRST_CODE + index]], lanes[ARGV[FIRST_CODE + index]] = KEYS[FIRST_SERIES + index], {}
end
local first, added, entries = redis.call('STRLEN', names) / NAME_BYTES, 0, {}
for index = 0, number_of_codes - 1 do
  local code, series = ARGV[FIRST_CODE + index], redis.call('HGETALL', KEYS[FIRST_SERIES + index])
  local is_missing = redis.call('HEXISTS', slots, code) == 0 and tonumber(redis.call('ZSCORE', rank, code) or '0') > 0
  for place = 1, #series, 2 do is_missing = is_missing and columns[series[place]] ~= nil end
  if is_missing then
    added = added + 1
    local mark = '\0'
    for place = 1, #series, 2 do
      local hits, day, month = tonumber(series[place + 1]), lanes[series[place]], lanes[string.sub(series[place], 1, 7)]
      day[added], month[added] = hits, (month[added] or 0) + hits
      if month[added] > LARGEST then mark = IN_SERIES end
    end
    entries[added] = code .. string.rep('\0', NAME_BYTES - 1 - #code) .. mark
    redis.call('HSET', slots, code, first + added - 1)
  end
end
if added == 0 then return 0 end
redis.call('APPEND', names, table.concat(entries))
for period, column in pairs(columns) do
  if next(lanes[period]) then
    local packed = {}
    for place = 1, added do
      packed[place] = struct.pack('>I4', math.min(lanes[period][place] or 0, LARGEST))
    end
    redis.call('SETRANGE', column, first * LANE_BYTES, table.concat(packed))
  end
end
return added
