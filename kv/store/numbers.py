"""Numbers that the store can hold exactly."""

from __future__ import annotations

#: The largest whole number that a double holds exactly, and so Lua and every JSON client: of totals and balances.
LARGEST_WHOLE = 2**53 - 1
