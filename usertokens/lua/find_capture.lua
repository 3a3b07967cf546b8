--[[ What was captured under an idempotency key before; nothing is changed.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns {"ok", "repeated", entry, tokens, balance} | {"none"} | {"conflict"} ]]
-- uses usertokens.ledger
return recall() or {'none'}
