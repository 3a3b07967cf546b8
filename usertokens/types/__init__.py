"""What the services return: everything is imported from here. Tokens are whole; every datetime is aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from usertokens.types.budgets import BudgetInForce as BudgetInForce
from usertokens.types.budgets import Budgets as Budgets
from usertokens.types.budgets import Caps as Caps
from usertokens.types.budgets import budget_name as budget_name
from usertokens.types.mails import Letter as Letter
from usertokens.types.mails import MailKind as MailKind
from usertokens.types.mails import MailState as MailState
from usertokens.types.usage import ActionUsage as ActionUsage
from usertokens.types.usage import UsageReport as UsageReport
from usertokens.types.vouchers import RedemptionState as RedemptionState
from usertokens.types.vouchers import VoucherState as VoucherState

#: Characters of a reason in the journal.
LONGEST_REASON = 200
#: Characters of an action's name.
LONGEST_ACTION = 64
#: Days of one report of usage at most.
MOST_USAGE_DAYS = 366
#: Tokens that one request, form or setting may name.
LARGEST_AMOUNT = 10**12
#: The most tokens and units of a price in lowest terms: lua/prices.lua multiplies them without rounding.
LARGEST_PRICE, MOST_UNITS = 10**9, 10**6
#: The highest mood; the lowest is 0.
BEST_MOOD = 10
#: Tokens of one month by plan, when PLAN_ALLOWANCES is not set; the first plan is the free one.
DEFAULT_ALLOWANCES: Mapping[str, int] = MappingProxyType({"Free": 100, "Plus": 1000, "Premium": 5000})

#: Priorities of grants: lower ones are spent first, so given tokens before bought ones.
GIVEN, BOUGHT = 50, 80


class Subscribed(StrEnum):
    """What the admin's list of users says of a subscription, whoever the payment provider is.

    ENDING: paid, and ends with its period. UNPAID: a renewal is not paid.
    """

    NONE = ""
    ACTIVE = "active"
    TRIAL = "trial"
    ENDING = "ending"
    UNPAID = "unpaid"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Price:
    """What an action costs: `tokens` for `per` units, in lowest terms."""

    tokens: int
    per: int = 1


@dataclass(frozen=True, slots=True)
class Movement:
    """The result of one operation: `amount` tokens spent, added, captured, …, and the balance after it.

    repeated: it is the first result under the same idempotency key.
    action, quantity: what the tokens were spent on, and how many units of it; "" and 0 when the caller named tokens.
    """

    transaction_id: str
    amount: int
    balance: int
    repeated: bool = False
    action: str = ""
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Generation:
    """One paid generation: its movement, and the user's count of generations after it."""

    movement: Movement
    generations: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Tokens held until `expires_at`. balance: without them. action, quantity: as of a `Movement`."""

    id: str
    amount: int
    expires_at: datetime
    balance: int
    action: str = ""
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A hold that has not ended. by_service: only a service, or a member of staff in the admin, may end it."""

    id: str
    amount: int
    expires_at: datetime
    by_service: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant with tokens `left` of `amount`. Lower priorities are spent first. expires_at: None = never."""

    id: int
    left: int
    amount: int
    priority: int
    expires_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """A user's tokens. balance: the rest of the grants − debt; it does not include `held`.

    allowance: tokens granted for the period from `period_start` to `period_end`.
    """

    balance: int
    held: int
    debt: int
    allowance: int
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """A user's tokens, with their grants in the order of spending."""

    tokens: Tokens
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A journal entry. `amount` is signed; `moves` are (grant, change), `used` (grant, tokens a capture kept).

    action, quantity: what was used, and how many units of it; "" and 0 where no action was named.
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
    action: str = ""
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Transactions, newest first. before: the argument for the next page, None on the last one."""

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
    """A user's activity. last_84_days: whether each day was active; the day of the last log-in is the last one."""

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
    """The data of a user's dashboard. low_balance: LOW_BALANCE is reached, and the user has not dismissed the note."""

    user_id: str
    stats: UserStats
    tokens: Tokens
    low_balance: bool
    budgets: Budgets = field(default_factory=Budgets)


@dataclass(frozen=True, slots=True)
class LoginCounted:
    """The result of a log-in. counted: it is the first one of today."""

    counted: bool
    days_active: int
    login_streak: int
    longest_streak: int


@dataclass(frozen=True, slots=True)
class SavedConversation:
    """A saved conversation. created: its id is new. conversations: the user's count after it."""

    id: str
    created: bool
    conversations: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """A paid grant: of `amount`, how many tokens were taken back and how many are frozen.

    applied: the call changed something.
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
    """The balance at the end of a day; None for a day before the journal begins."""

    day: date
    balance: int | None


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """The result of checking one ledger; `problems` is empty for a correct one."""

    user_id: str
    balance: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A billing period at a payment provider.

    key:     the caller's unique name for it; its tokens are granted once for this key.
    plan:    the plan whose monthly tokens it grants.
    is_paid: False: the period grants nothing until it is paid.
    """

    key: str
    plan: str
    starts: datetime
    ends: datetime
    is_paid: bool = True
