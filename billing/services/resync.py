"""A full sync from Stripe after lost events: which customers to read, and what would change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q

from billing.models import GuestCheckout, StripeCustomer
from billing.services import effects, subscription_states
from billing.services.auto_charges import has_automatic
from billing.services.customers import customers_of
from billing.services.guests import guests_of
from billing.services.snapshots import fetch_snapshot
from billing.services.stripe_api import PAGE, client, fetch_all, is_live
from billing.types import Difference, SubscriptionState, TopUp
from kv.times import utc_now


def list_customers() -> list[str]:
    """Every customer id: those in the table, those of subscriptions at Stripe that the table does not have yet, and a
    checkout (cs_…) of each user who has bought without a customer only.

    Raises StripeUnavailable.
    """
    # Retired ones too: their key may be back. A closed row without a user is that of a deleted account.
    gone = Q(user=None, closed_at__isnull=False)
    known = StripeCustomer.objects.filter(livemode=is_live()).exclude(gone).exclude(customer_id=None)
    found = dict.fromkeys(str(row) for row in known.order_by("pk").values_list("customer_id", flat=True))
    closed = set(StripeCustomer.objects.filter(gone).values_list("customer_id", flat=True))
    params: Any = {"status": "all", "limit": PAGE}
    for subscription in fetch_all(lambda: client().v1.subscriptions.list(params)):
        if subscription["customer"] not in closed:
            found.setdefault(str(subscription["customer"]))
    with_customer = known.exclude(user=None).values("user_id")
    guests = GuestCheckout.objects.filter(livemode=is_live()).exclude(user=None).exclude(user_id__in=with_customer)
    by_user = dict(guests.order_by("-pk").values_list("user_id", "session_id"))
    return [*found, *by_user.values()]


def find_difference(customer_id: str, *, now: datetime | None = None) -> Difference | None:
    """What a sync of this customer would change; None when plan, periods and purchases match. Nothing is written.

    Raises StripeUnavailable, StoreUnavailable or Unresolved.
    """
    row: StripeCustomer | GuestCheckout | None = (
        GuestCheckout.objects.filter(session_id=customer_id).first()
        if customer_id.startswith("cs_")
        else StripeCustomer.objects.filter(customer_id=customer_id).first()
    )
    if row is None or row.user_id is None:
        return Difference(customer_id, "", "–", "not known here yet") if row is None else None
    user_id = str(row.user_id)
    last, bought = subscription_states.read_state(user_id), subscription_states.read_bought(user_id)
    snapshot, topups = fetch_snapshot(
        customers_of(user_id), now or utc_now(), last, bought, guests_of(user_id), has_automatic=has_automatic(user_id)
    )
    plan, applied = effects.current_plan(user_id), subscription_states.read_applied(user_id)
    state = _without_ended(snapshot.state, now)
    if applied is not None:
        applied = _without_ended(applied[0], now), applied[1]
    if plan == state.plan and applied == (state, topups):
        return None
    return Difference(
        customer_id, user_id, _describe(plan, applied), _describe(snapshot.state.plan, (snapshot.state, topups))
    )


def _without_ended(state: SubscriptionState, now: datetime | None) -> SubscriptionState:
    """The same without periods that are over, which grant nothing any more, and without what is only shown."""
    moment = now or utc_now()
    running = tuple(one for one in state.periods if one.ends > moment)
    return replace(state, periods=running, interval="", next_cents=None, currency="", payments=())


def _describe(plan: str, seen: tuple[SubscriptionState, tuple[TopUp, ...]] | None) -> str:
    """A state in one line: the plan, its status and end, and every paid purchase."""
    if seen is None:
        return f"{plan or 'no plan'}, nothing applied"
    state, topups = seen
    until = f" until {state.paid_end:%Y-%m-%d}" if state.paid_end else ""
    bought = [
        f"{one.tokens} bought" + (f" −{one.taken_back}" if one.taken_back else "") + (" frozen" if one.frozen else "")
        for one in topups
        if one.paid
    ]
    return ", ".join([f"{plan or 'no plan'} ({state.status or 'no subscription'}{until})", *bought])
