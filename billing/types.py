"""What the services return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from billing.conf import app_settings


class Plan(str):
    """The name of a plan in PLAN_ALLOWANCES, whose first plan is the free one."""

    __slots__ = ()

    @property
    def rank(self) -> int:
        """0 for the free plan. Else by tokens a month; with equal tokens the later plan is higher.

        1 for a plan that was removed from PLAN_ALLOWANCES: its users pay for it, so it is not free.
        """
        plans = app_settings.PLAN_ALLOWANCES
        if self == free_plan():
            return 0
        paid = [name for name in plans if name != free_plan()]
        return sorted(paid, key=lambda name: (plans[name], paid.index(name))).index(self) + 2 if self in paid else 1


def free_plan() -> Plan:
    """The plan of users who pay for none."""
    return Plan(next(iter(app_settings.PLAN_ALLOWANCES), ""))


class EventState(StrEnum):
    """The state of an event in the inbox."""

    RECEIVED = "received"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"
    PARKED = "parked"


class RevenueKind(StrEnum):
    """What a change of the balance at Stripe is to the site's revenue."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    FEE = "fee"


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
    """A planned change of the plan, as known now.

    at: when it takes effect. For a change that waits for its payment: when the unpaid period began, in the past.
    """

    plan: Plan
    at: datetime


@dataclass(frozen=True, slots=True)
class PaidPeriod:
    """A period of a subscription that is not over.

    key:     made of the subscription and the period's start; it never changes.
    plan:    the best plan that was paid for within the period.
    ends:    a trial's period ends with the trial; that of a subscription that is over, with the month that had begun.
    is_paid: False while its invoice is not paid; it grants no tokens yet.
    """

    key: str
    plan: Plan
    starts: datetime
    ends: datetime
    is_paid: bool = True


@dataclass(frozen=True, slots=True)
class Payment:
    """One invoice, or one purchase of tokens.

    id:     of the invoice (in_…) or the checkout session (cs_…).
    cents:  in the smallest unit of `currency`.
    status: Stripe's of an invoice; of a purchase `paid`, `open`, `refunded` or `partly_refunded`.
    tokens: bought in it, 0 for an invoice of a plan.
    plan:   that an invoice is for, "" where it is not known.
    """

    id: str
    at: datetime
    cents: int
    currency: str
    status: str
    tokens: int = 0
    plan: str = ""


@dataclass(frozen=True, slots=True)
class SubscriptionState:
    """What a user pays for, as last read from Stripe.

    plan:          the present plan, after all rules.
    status:        Stripe's status of the subscription; None without one.
    period_start, period_end: the subscription's present period; None without one.
    paid_start, paid_end: the last paid period, whose allowance is due: the present one, or the one before while a
                   renewal is unpaid. None without a subscription.
    cancel_at:     when the subscription ends; None when no end is known.
    pending:       a planned change of the plan.
    grace_until:   until when an unpaid renewal keeps the plan; None when all is paid.
    periods:       every period of all subscriptions that is not over; those of the plan's subscription first.
    interval:      "month" or "year" of the present price; "" without a subscription, or for any other interval.
    next_cents:    the next charge by the price alone, in the smallest unit of `currency`; None when taxes, discounts or
                   several prices make it another one.
    payments:      the newest invoices and purchases, newest first.
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
    interval: str = ""
    next_cents: int | None = None
    currency: str = ""
    payments: tuple[Payment, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody has chosen on the pricing page: a plan and its interval, or a number of tokens."""

    plan: str = ""
    interval: str = "month"
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class TopUp:
    """One purchase of tokens, as Stripe has it now.

    taken_back: the total of tokens that refunds and lost disputes have taken back.
    frozen:     a dispute is open, so the tokens that are left may not be spent.
    """

    session_id: str
    tokens: int
    paid: bool
    taken_back: int = 0
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """A payment that was just made, or one that has failed and is still open.

    key: the id of Stripe's invoice, or of the checkout. url: Stripe's own page of it, "" where it gave none.
    at:  when it was paid; when the invoice was made, for one that is not. currency: as "EUR".
    It is for a plan, or for so many tokens.
    """

    key: str
    is_paid: bool
    amount_cents: int
    currency: str
    at: datetime
    url: str
    plan: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync found, and its result. With NO_ACCOUNT there may be no user and no state."""

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

    def by(self, interval: str) -> Offer | None:
        """Its price for an interval; None without one."""
        return next((offer for offer in self.offers if offer.interval == interval), None)


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
    """Where Stripe sends users back to, absolute; `done` holds Stripe's {CHECKOUT_SESSION_ID}.

    locale: "" for the browser's own.
    """

    done: str
    cancelled: str
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Recurring:
    """What the subscriptions of one currency bring a month now, minor units, and how many there are."""

    currency: str
    monthly: int
    subscriptions: int


@dataclass(frozen=True, slots=True)
class Churn:
    """Subscriptions of one month and currency that began, and that ended; what the ended ones had brought a month."""

    started: int
    ended: int
    lost_monthly: int
