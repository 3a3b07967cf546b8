"""The app's own kinds of mail."""

from __future__ import annotations

from usertokens.services import budget_letters, letters

KINDS = (*letters.KINDS, budget_letters.REACHED)
