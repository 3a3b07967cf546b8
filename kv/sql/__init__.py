"""SQL beside what the ORM offers: transactions, many rows at once, compiled statements, fields and managers."""
