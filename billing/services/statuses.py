"""Tables of what each status of Stripe's objects means here.

A status in no table is unknown. It grants nothing and takes nothing back: what was granted stays or is frozen, and the
event is parked, shown and can be replayed (tests/billing/test_statuses.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any


class Running(Enum):
    """What a subscription in a status gives."""

    GIVES = "the plan holds"
    GRACE = "the plan holds for the days of grace"
    STOPPED = "nothing, though it may run again"
    NEVER_BEGAN = "nothing"
    OVER = "nothing any more"


class Money(Enum):
    """Who has the money of a purchase after a refund or dispute."""

    OURS = "the tokens stay, or come back"
    HELD = "what is left is frozen"
    GONE = "the tokens are taken back"


SUBSCRIPTION: Mapping[str, Running] = {
    "trialing": Running.GIVES,
    "active": Running.GIVES,
    "past_due": Running.GRACE,
    "unpaid": Running.STOPPED,
    "paused": Running.STOPPED,
    "incomplete": Running.NEVER_BEGAN,
    "incomplete_expired": Running.OVER,
    "canceled": Running.OVER,
}
#: Whether the invoice pays for its period. A draft is not sent yet, and a void one is not to be paid.
INVOICE: Mapping[str, bool] = {"draft": False, "open": False, "paid": True, "uncollectible": False, "void": False}
REFUND: Mapping[str, Money] = {
    "pending": Money.GONE,
    "requires_action": Money.GONE,
    "succeeded": Money.GONE,
    "failed": Money.OURS,
    "canceled": Money.OURS,
}
#: An inquiry (warning_…) moves no money. A prevented dispute is a refund, and is counted as one. An appeal follows a
#: lost dispute: until it is won the money is gone.
DISPUTE: Mapping[str, Money] = {
    "warning_needs_response": Money.OURS,
    "warning_under_review": Money.OURS,
    "warning_closed": Money.OURS,
    "prevented": Money.OURS,
    "needs_response": Money.HELD,
    "under_review": Money.HELD,
    "lost": Money.GONE,
    "appeal_needs_response": Money.GONE,
    "appeal_under_review": Money.GONE,
    "won": Money.OURS,
}
#: Whether a checkout was completed.
SESSION: Mapping[str, bool] = {"open": False, "complete": True, "expired": False}
#: Whether a checkout is paid.
PAYMENT: Mapping[str, bool] = {"paid": True, "no_payment_required": True, "unpaid": False}
#: Whether the money of a payment has arrived.
PAYMENT_INTENT: Mapping[str, bool] = {
    "requires_payment_method": False,
    "requires_confirmation": False,
    "requires_action": False,
    "processing": False,
    "requires_capture": False,
    "canceled": False,
    "succeeded": True,
}
#: Whether a schedule may still change the subscription.
SCHEDULE: Mapping[str, bool] = {
    "not_started": True,
    "active": True,
    "completed": False,
    "released": False,
    "canceled": False,
}

#: The tables, by Stripe's name of the object and the field.
DECIDED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "subscription": {"status": SUBSCRIPTION},
    "invoice": {"status": INVOICE},
    "refund": {"status": REFUND},
    "dispute": {"status": DISPUTE},
    "checkout.session": {"status": SESSION, "payment_status": PAYMENT},
    "payment_intent": {"status": PAYMENT_INTENT},
    "subscription_schedule": {"status": SCHEDULE},
}
#: Subscriptions that the portal can repair or end. A user with a second subscription would pay twice.
_RUNS = (Running.GIVES, Running.GRACE, Running.STOPPED)


def gives(status: str) -> bool:
    """Whether a subscription in this status may hold a plan."""
    return SUBSCRIPTION.get(status) in (Running.GIVES, Running.GRACE)


def may_run(status: str | None) -> bool:
    """Whether a user with a second subscription might pay twice; True for an unknown status."""
    return status is not None and (status not in SUBSCRIPTION or SUBSCRIPTION[status] in _RUNS)


def unknown_statuses(things: Iterable[Any]) -> tuple[str, ...]:
    """One sentence for each of Stripe's objects with an unknown status; anything that is not an object is skipped."""
    found: dict[str, None] = {}
    for thing in things:
        if not isinstance(thing, dict):
            continue
        for field, table in DECIDED.get(str(thing.get("object")), {}).items():
            # An invoice or session may have no status yet, and some refunds never have one.
            if thing.get(field) is not None and thing[field] not in table:
                found[f"{thing['object']} {thing['id']} has an unknown {field}: {thing[field]}"] = None
    return tuple(found)
