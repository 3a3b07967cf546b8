"""What an explanation of a balance says; see services/explanations.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from usertokens.types import Transaction


@dataclass(slots=True)
class Terms:
    """What came (granted, given_back, restored) and what went. came − went is the balance, or what is left of a grant.

    given_back:  of spends, by reversals. restored: what had been taken back, or had expired under a wrong clock.
    taken_back:  after refunds of payments. frozen: while a payment is disputed. corrected: taken by hand.
    reset:       gone when the account was reset. paid_debt: of a grant alone; in an account debt has a line of its own.
    """

    granted: int = 0
    given_back: int = 0
    restored: int = 0
    spent: int = 0
    held: int = 0
    expired: int = 0
    taken_back: int = 0
    frozen: int = 0
    corrected: int = 0
    reset: int = 0
    paid_debt: int = 0

    @property
    def sum(self) -> int:
        """What came less what went."""
        came = self.granted + self.given_back + self.restored
        went = self.spent + self.held + self.expired + self.taken_back + self.frozen + self.corrected + self.reset
        return came - went - self.paid_debt


@dataclass(slots=True)
class ExplainedGrant:
    """A grant: the entry that made it, what became of it, and its place.

    left:     by the moves of the journal; `terms` make the same.
    source, priority, expires_at: None where nothing tells it any more. never_expires: it has no end.
    ended_by: when an entry removed what was left, before or after the moment: it ended then, or before.
    place:    in the order of spending, from 1; 0 = nothing is left.
    """

    id: int
    entry: Transaction | None
    terms: Terms = field(default_factory=Terms)
    left: int = 0
    source: str | None = None
    priority: int | None = None
    expires_at: datetime | None = None
    never_expires: bool = False
    ended_by: datetime | None = None
    place: int = 0


@dataclass(slots=True)
class ExplainedHold:
    """A hold that was open: its entry, and its tokens by grant. expires_at: None where nothing tells it any more."""

    entry: Transaction
    amount: int
    parts: Mapping[int, int]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SpentOn:
    """What spends and captures took for an action, or for a reason without an action; None: all beyond a thousand."""

    action: str | None
    reason: str | None
    tokens: int
    times: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A user's balance at a moment, and what makes it up.

    at:         the moment; entry: the last entry by then, of `entries` that there are now.
    is_present: no entry came after it, so the account itself was compared too.
    terms:      of the whole account. grants: in the order of spending, then those without tokens, newest first.
    spent_on:   most first. newest: the last entries, newest first.
    problems:   why the sum is not proved; empty when it is.
    """

    user_id: str
    at: datetime
    entry: Transaction
    entries: int
    archived: int
    is_present: bool
    held: int
    debt: int
    terms: Terms
    grants: tuple[ExplainedGrant, ...]
    holds: tuple[ExplainedHold, ...]
    spent_on: tuple[SpentOn, ...]
    newest: tuple[Transaction, ...]
    problems: tuple[str, ...]

    @property
    def balance(self) -> int:
        """The balance after the entry, as the journal says."""
        return self.entry.balance_after

    @property
    def left(self) -> int:
        """What is left in all grants."""
        return sum(grant.left for grant in self.grants)

    @property
    def is_proved(self) -> bool:
        """Whether every sum makes the balance."""
        return not self.problems
