"""What services return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from billing.conf import app_settings


class Plan(str):
    """A plan by its name in PLAN_ALLOWANCES, whose first one is free."""

    __slots__ = ()

    @property
    def rank(self) -> int:
        """0 for the free one; else the more tokens a month, the higher; of equal ones the later one.

        1 for a name that is no plan any more: somebody pays for it, and not known is not free.
        """
        plans = app_settings.PLAN_ALLOWANCES
        if self == free_plan():
            return 0
        paid = [name for name in plans if name != free_plan()]
        return sorted(paid, key=lambda name: (plans[name], paid.index(name))).index(self) + 2 if self in paid else 1


def free_plan() -> Plan:
    """The plan of whoever pays for none."""
    return Plan(next(iter(app_settings.PLAN_ALLOWANCES), ""))


class EventState(StrEnum):
    """Where an event of the inbox stands."""

    RECEIVED = "received"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"


class Presence(StrEnum):
    """What Stripe has of a customer, under the present key.

    DELETED is final: its subscriptions are over. MISSING is not: test data may be wiped, but another account may have
    the customer, who may pay there.
    """

    THERE = "there"
    DELETED = "deleted"
    MISSING = "missing"


class SyncResult(StrEnum):
    """What a sync came to.

    OUTDATED: another process has read the user later, and its version stands. NO_ACCOUNT: the user has deleted the
    account, so there is nobody to apply anything to.
    """

    APPLIED = "applied"
    OUTDATED = "outdated"
    NO_ACCOUNT = "no_account"


@dataclass(frozen=True, slots=True)
class PendingChange:
    """The plan that will hold from a moment on, as known now.

    at: of a change that waits for its payment, when the period began that the payment is for: it is past.
    """

    plan: Plan
    at: datetime


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A period of a subscription that is not over. is_paid: False while its invoice is not: it brings no tokens yet.

    key:  names the subscription and the period's start, for ever.
    plan: the best that was paid for within it.
    ends: a trial's with the trial; of a subscription that is over, with the month that had begun.
    """

    key: str
    plan: Plan
    starts: datetime
    ends: datetime
    is_paid: bool = True


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """What Stripe says a user pays for.

    plan:          what holds now, after all rules.
    status:        Stripe's own word for the subscription; None when there is none.
    period_start, period_end: the subscription's present period; None without one.
    paid_start, paid_end: the last period that is paid for, whose allowance is due: the same while all is paid, the one
                   before while a renewal is not. None without a subscription.
    cancel_at:     when it ends for good, as far as is known.
    periods:       every period that is not over, of all subscriptions, whatever the plan is now; the plan's own first.
    grace_until:   until when an unpaid renewal keeps the plan; None when all is paid.
    """

    plan: Plan = field(default_factory=free_plan)
    status: str | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    paid_start: datetime | None = None
    paid_end: datetime | None = None
    cancel_at: datetime | None = None
    pending: PendingChange | None = None
    grace_until: datetime | None = None
    subscription_id: str = ""
    customer_id: str = ""
    periods: tuple[PaidPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class TopUp:
    """One purchase of tokens as Stripe knows it now.

    taken_back: tokens that refunds and lost disputes have taken back in all.
    frozen:     a dispute is open: nothing of what is left may be spent.
    """

    session_id: str
    tokens: int
    paid: bool
    taken_back: int = 0
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync found, and what came of it. Without an account there is no user, and so nothing was found."""

    result: SyncResult
    user_id: str = ""
    state: SubscriptionState = field(default_factory=SubscriptionState)
    topups: tuple[TopUp, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A price that can be bought: cents of `currency`; interval "month", "year", or "" for a top-up of `tokens`."""

    price_id: str
    amount_cents: int
    currency: str
    interval: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class PlanOffers:
    """A plan and its prices, by interval."""

    plan: Plan
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is for sale."""

    plans: tuple[PlanOffers, ...] = ()
    topups: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What a resync would change for one user: the plan here, and the plan by Stripe."""

    customer_id: str
    user_id: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where Stripe sends people back to, absolute; `done` holds Stripe's {CHECKOUT_SESSION_ID}.

    locale: "" for the browser's own.
    """

    done: str
    cancelled: str
    locale: str = ""
