"""What the services return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a visit was not counted."""

    SEEN = "seen"
    BOT = "bot"
    STAFF = "staff"
    OPTED_OUT = "opted_out"
    PREFETCH = "prefetch"
    CROSS_SITE = "cross_site"


@dataclass(frozen=True, slots=True)
class Visit:
    """The answer to one visit: whether it was counted, the total now, and why not."""

    counted: bool
    visitors: int
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that this site signed: its one-time id and the amount in EUR cents, None for a code without one."""

    id: str
    amount_cents: int | None


@dataclass(frozen=True, slots=True)
class CountedPaymentCode:
    """The answer to one payment code: whether it was counted, and the totals now (codes; EUR cents)."""

    counted: bool
    qr_total: int
    revenue_cents: int


@dataclass(frozen=True, slots=True)
class ToolUsage:
    """Uses of one tool."""

    tool: str
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The three public totals (visitors; codes; EUR cents) and when they were read."""

    visitors: int
    qr_total: int
    revenue_cents: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the series. `excluded` counts visits that were not counted, by reason; revenue in EUR cents.

    is_known: False for a day before today of which the store has nothing: before counting began, or lost.
    """

    day: date
    visits: int
    visitors: int
    payment_codes: int
    revenue_cents: int
    excluded: dict[str, int]
    tools: dict[str, int]
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Uniques:
    """Different visitors of the last 1, 7 and 30 days, today included: estimates with 0.8 % standard error."""

    last_1: int
    last_7: int
    last_30: int


@dataclass(frozen=True, slots=True)
class BusiestAddress:
    """How much of a day's visits came from one address, at most: `share` from 0 to 1 of `visits`."""

    visits: int
    share: float


@dataclass(frozen=True, slots=True)
class History:
    """Days of the series, oldest first, and when they were read.

    began: the day on which counting began; date.min when that was before these days, date.max when it has not yet.
    """

    days: tuple[Day, ...]
    began: date
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Trend:
    """A figure over some days, and the values of as many days before. A value is None before counting began."""

    days: tuple[tuple[date, int | None], ...]
    before: tuple[int | None, ...]

    @property
    def values(self) -> tuple[int | None, ...]:
        """The value of each day."""
        return tuple(value for _day, value in self.days)

    @property
    def total(self) -> int:
        """The sum of the days."""
        return sum(value or 0 for value in self.values)
