--[[ Bring days of a code's breakdown up to what SQL remembers; a live sum is never lowered
(shown by tests/codetags/test_breakdown_copies.py::test_a_restore_lowers_nothing).
KEYS  placements (ZSET), registered placements (HASH), then the breakdown of each day (HASH)
ARGV  code, "1" when its placements have sums of their own (~OTHER has none), then for each day a JSON object: hits by field
Returns "restored" ]]
local placements, registered, code, has_sums = KEYS[1], KEYS[2], ARGV[1], ARGV[2] == '1'
local FIRST_DAY = 3
for index = FIRST_DAY, #KEYS do
  local breakdown = KEYS[index]
  for field, hits in pairs(cjson.decode(ARGV[index])) do
    local more = hits - tonumber(redis.call('HGET', breakdown, field) or '0')
    if more > 0 then
      more = string.format('%.0f', more)
      redis.call('HINCRBY', breakdown, field, more)
      if has_sums and string.sub(field, 1, 1) == '@' then
        redis.call('ZINCRBY', placements, more, string.sub(field, 2))
        redis.call('HSETNX', registered, code, 0)
      end
    end
  end
end
return 'restored'
