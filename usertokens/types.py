"""What the services return. Tokens are whole; every datetime is aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

LONGEST_REASON = 200
"""Characters of a reason in the journal."""


#: Tokens of one month by plan, where PLAN_ALLOWANCES is not set; the first plan is the free one.
DEFAULT_ALLOWANCES: Mapping[str, int] = MappingProxyType({"Free": 100, "Plus": 1000, "Premium": 5000})

#: The priority of a grant: the lower burns first, what was given before what was paid for.
GIVEN, BOUGHT = 50, 80


@dataclass(frozen=True, slots=True)
class Movement:
    """What one operation did: `amount` tokens spent, added, captured, … and the balance after it.

    repeated: the first answer under the same idempotency key.
    """

    transaction_id: str
    amount: int
    balance: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation paid for: its movement, and how many there are now."""

    movement: Movement
    generations: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Tokens set aside until `expires_at`; `balance` is what is left beside them."""

    id: str
    amount: int
    expires_at: datetime
    balance: int


@dataclass(frozen=True, slots=True)
class Grant:
    """A live grant: what is left of `amount`. Lower priorities burn first. expires_at: None = never."""

    id: int
    left: int
    amount: int
    priority: int
    expires_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """A user's tokens. `balance` = what the grants hold − debt; `held` is out of it already.

    allowance: tokens granted for the period that runs from `period_start` to `period_end`.
    """

    balance: int
    held: int
    debt: int
    allowance: int
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """A user's tokens with their grants in burn order."""

    tokens: Tokens
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A journal entry. `amount` is signed; `moves` are (grant, change), `used` (grant, tokens a capture kept).

    key: the idempotency key as the caller wrote it; actor: who acted for the user, "" = the user or nobody.
    """

    id: int
    at: datetime
    type: str
    amount: int
    balance_after: int
    reason: str
    key: str
    actor: str
    moves: tuple[int, ...]
    used: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Transactions, newest first; `before` gives the page after it, None when this is the last."""

    results: tuple[Transaction, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class RecentConversation:
    """One of the newest three."""

    id: str
    summary: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UserStats:
    """A user's activity. `last_84_days`: which of the days up to the last log-in were active, that day last."""

    conversations: int
    generations: int
    mood_score: float
    days_active: int
    login_streak: int
    longest_streak: int
    recent_conversations: tuple[RecentConversation, ...]
    plan: str
    last_login: date | None
    last_84_days: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All of a user's page. low_balance: the balance is at the threshold or below, and the note is not put away."""

    user_id: str
    stats: UserStats
    tokens: Tokens
    low_balance: bool


@dataclass(frozen=True, slots=True)
class LoginCounted:
    """`counted`: today is counted for the first time."""

    counted: bool
    days_active: int
    login_streak: int
    longest_streak: int


@dataclass(frozen=True, slots=True)
class SavedConversation:
    """`created`: this id is new to the user. conversations: how many there are now."""

    id: str
    created: bool
    conversations: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """A money-backed grant: of `amount`, how much was taken back and how much is frozen.

    applied: something changed now.
    """

    applied: bool
    amount: int
    taken_back: int
    frozen: int
    balance: int
    debt: int
    transaction_id: str


@dataclass(frozen=True, slots=True)
class DayBalance:
    """The balance at the end of a day; None where the journal does not reach back so far."""

    day: date
    balance: int | None


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What checking one ledger found: `problems` is empty when the equation holds."""

    user_id: str
    balance: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A period that somebody pays for at a payment provider.

    key:     the caller's own name of it, never used for another one: what it brings comes once for this key.
    plan:    whose month's tokens it brings.
    is_paid: False: it runs, and brings nothing until it is paid.
    """

    key: str
    plan: str
    starts: datetime
    ends: datetime
    is_paid: bool = True
