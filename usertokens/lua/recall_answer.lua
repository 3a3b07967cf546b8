--[[ The first answer under an idempotency key, before an operation that begins in the database.
KEYS  as ledger.lua
ARGV  as ledger.lua
Returns what the operation answered, marked as repeated | {"conflict"} | {"none"} ]]
-- uses usertokens.ledger
return recall() or {'none'}
