--[[ Inside another script: add a hit to what its code's hits of the day are made up of.
A field is a sign for its kind and a value: "@" placement, "h" hour, "d" device, "l" language, "r" referring host,
"c" country; "#" and such a sign: how many values of that kind there are.
KEYS  none of its own: the caller passes breakdown (HASH), placements (ZSET, or "" to count all of them as `other`) and
      registered placements (HASH)
ARGV  none of its own: the caller passes code, placement ("" = none), the fields of the other kinds, name of ~OTHER,
      placements by name outside the registry (int) and values of an open kind (int) at most
Returns nothing of its own. ]]
local function add_breakdown(breakdown, placements, registered, code, at, fields, other, most_placements, most_values)
  if at ~= '' then
    local name = other
    if placements ~= '' then
      name = at
      if not redis.call('ZADD', placements, 'XX', 'INCR', 1, at) then
        -- The first hit of a placement outside the registry. Those of the registry are there from 0 on.
        local strangers = redis.call('ZCARD', placements) - (redis.call('HGET', registered, code) or 0)
        if strangers >= tonumber(most_placements) then name = other end
        redis.call('ZINCRBY', placements, 1, name)
        redis.call('HSETNX', registered, code, 0)
      end
    end
    fields[#fields + 1] = '@' .. name
  end
  -- One command reads everything and one writes it. Sums of hits are far below what a number of Lua's holds exactly.
  local counts, written, last = redis.call('HMGET', breakdown, unpack(fields)), {}, 0
  for place = 1, #fields do
    local field, count = fields[place], counts[place]
    if not count then
      local kind = string.sub(field, 1, 1)
      -- Hours and devices are few, and placements are bounded for all days together.
      if kind == 'l' or kind == 'r' or kind == 'c' then
        -- Asked for a new value alone: a small hash is read from its beginning for each field.
        local known = redis.call('HGET', breakdown, '#' .. kind) or 0
        if tonumber(known) < tonumber(most_values) then
          written[last + 1], written[last + 2], last = '#' .. kind, known + 1, last + 2
        else
          field = kind .. other
          count = redis.call('HGET', breakdown, field)
        end
      end
    end
    written[last + 1], written[last + 2], last = field, (count or 0) + 1, last + 2
  end
  redis.call('HSET', breakdown, unpack(written))
end
