"""What each status of Stripe's objects means here, by name: pure tables.

A status that stands in no table is unknown: nothing is granted or given back on its word, what stands stays or is
frozen, and what brought it is parked, shown and replayable (tests/billing/test_statuses.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any


class Running(Enum):
    """What a subscription is worth."""

    GIVES = "the plan holds"
    GRACE = "the plan holds for the days of grace"
    STOPPED = "nothing, though it may run again"
    NEVER_BEGAN = "nothing"
    OVER = "nothing any more"


class Money(Enum):
    """Where the money of a purchase is after a refund or dispute."""

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
#: Whether it pays for its period. A draft is on its way; nobody asks for a void one any more.
INVOICE: Mapping[str, bool] = {"draft": False, "open": False, "paid": True, "uncollectible": False, "void": False}
REFUND: Mapping[str, Money] = {
    "pending": Money.GONE,
    "requires_action": Money.GONE,
    "succeeded": Money.GONE,
    "failed": Money.OURS,
    "canceled": Money.OURS,
}
#: An inquiry (warning_…) moves no money; a prevented dispute is a refund, which is counted as one. An appeal is about a
#: dispute that was lost: until it is won the money is gone.
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
#: Whether a checkout was gone through with.
SESSION: Mapping[str, bool] = {"open": False, "complete": True, "expired": False}
#: Whether what a checkout sold is paid for.
PAYMENT: Mapping[str, bool] = {"paid": True, "no_payment_required": True, "unpaid": False}
#: Whether the money of a payment is there.
PAYMENT_INTENT: Mapping[str, bool] = {
    "requires_payment_method": False,
    "requires_confirmation": False,
    "requires_action": False,
    "processing": False,
    "requires_capture": False,
    "canceled": False,
    "succeeded": True,
}
#: Whether a schedule still changes something.
SCHEDULE: Mapping[str, bool] = {
    "not_started": True,
    "active": True,
    "completed": False,
    "released": False,
    "canceled": False,
}

#: The tables by Stripe's name of the object, and the field that each is about.
DECIDED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "subscription": {"status": SUBSCRIPTION},
    "invoice": {"status": INVOICE},
    "refund": {"status": REFUND},
    "dispute": {"status": DISPUTE},
    "checkout.session": {"status": SESSION, "payment_status": PAYMENT},
    "payment_intent": {"status": PAYMENT_INTENT},
    "subscription_schedule": {"status": SCHEDULE},
}
#: Statuses that the portal mends or ends; a second subscription beside one of them would be paid twice.
_RUNS = (Running.GIVES, Running.GRACE, Running.STOPPED)


def gives(status: str) -> bool:
    """Whether a subscription in this status may hold a plan."""
    return SUBSCRIPTION.get(status) in (Running.GIVES, Running.GRACE)


def may_run(status: str | None) -> bool:
    """Whether a second subscription beside this one might be paid twice: unknown is yes."""
    return status is not None and (status not in SUBSCRIPTION or SUBSCRIPTION[status] in _RUNS)


def unknown_statuses(things: Iterable[Any]) -> tuple[str, ...]:
    """A line for each object of Stripe's whose status is in no table; what is no object is passed over."""
    found: dict[str, None] = {}
    for thing in things:
        if not isinstance(thing, dict):
            continue
        for field, table in DECIDED.get(str(thing.get("object")), {}).items():
            # An invoice or session may have none yet, and a refund that is not to be followed has none at all.
            if thing.get(field) is not None and thing[field] not in table:
                found[f"{thing['object']} {thing['id']} has an unknown {field}: {thing[field]}"] = None
    return tuple(found)
