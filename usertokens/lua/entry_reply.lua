--[[ An entry of the journal as a reply has it. Used behind entry_row.lua.
KEYS  none of its own
ARGV  none of its own: an entry's row, from the caller
Returns  nothing of its own: `reply_of` answers {entry, at (ms), type, amount, balance after, reason, key, actor,
         {grant, change, …}, {grant, tokens used, …}, action ("" = none), quantity}. ]]
local function reply_of(entry)
  local function texts_of(numbers)
    local texts = {}
    for index, number in ipairs(numbers or {}) do texts[index] = string.format('%.0f', number) end
    return texts
  end
  return {string.format('%.0f', entry[ENTRY]), string.format('%.0f', entry[AT]), entry[KIND],
    string.format('%.0f', entry[CHANGE]), string.format('%.0f', entry[BALANCE]),
    entry[REASON] ~= '' and entry[REASON] or entry[ACTION] or '', entry[KEY], entry[ACTOR],
    texts_of(entry[MOVES]), texts_of(entry[USED]), entry[ACTION] or '', string.format('%.0f', entry[QUANTITY] or 0)}
end
