"""Clients that generators make from /api/schema, each driven against a running site. `make test-clients` runs them."""
