"""Open a checkout or the portal at Stripe for a user, and say what came of it when the user returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from logging import getLogger
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from billing.errors import AlreadySubscribed, CustomerBusy, StripeRefused, UnknownSession, Unresolved
from billing.models import StripeCustomer
from billing.services import catalogue
from billing.services.accounts import expire_checkouts
from billing.services.customers import (
    customers_of,
    ensure_customer,
    find_presence,
    named_user,
    reinstate_customer,
    retire_customer,
)
from billing.services.guests import fetch_session
from billing.services.snapshots import fetch_snapshot
from billing.services.statuses import may_run
from billing.services.stripe_api import client, fetch, require_on
from billing.services.subscription_states import read_state
from billing.services.sync import sync_named
from billing.services.topups import KIND, bought_tokens, is_paid
from billing.types import Addresses, Plan, Presence, SubscriptionState
from kv.errors import StoreUnavailable
from kv.threads import async_twin
from kv.times import utc_now

log = getLogger(__name__)

# Stripe names these languages as this site does.
_LOCALES = ("en", "fr", "de", "es")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a checkout. tokens: bought in it, 0 for a plan. is_paid: False while a slow payment is on its way.

    state: None when it could not be read just now; the event will bring it.
    """

    tokens: int
    is_paid: bool
    state: SubscriptionState | None


def open_plan_checkout(user: AbstractBaseUser, plan: Plan, interval: str, addresses: Addresses) -> str:
    """The address of a new checkout for a plan, paid by the month or the year.

    Raises UnknownPlan, AlreadySubscribed, BillingOff, StripeUnavailable, StripeRefused, or Unresolved when it is not
    known what the user pays for already.
    """
    require_on()
    offer = catalogue.find_offer(plan, interval)

    def create(row: StripeCustomer) -> str:
        snapshot, _ = fetch_snapshot(customers_of(str(user.pk)), utc_now())
        last = _last_seen(str(user.pk)) if snapshot.unknown_products else None
        if may_run(snapshot.state.status) or (last is not None and last.plan.rank):
            raise AlreadySubscribed((last or snapshot.state).plan)
        # With two open checkouts a user could pay twice.
        expire_checkouts(str(row.customer_id), mode="subscription")
        inner = {"metadata": {"user_id": str(user.pk)}}
        more = {"subscription_data": inner}
        return _create(user, row, addresses, mode="subscription", price_id=offer.price_id, more=more)

    return _with_customer(user, create)


aopen_plan_checkout = async_twin(open_plan_checkout, uses_database=True)


def open_topup_checkout(user: AbstractBaseUser, tokens: int, addresses: Addresses) -> str:
    """The address of a new checkout for so many tokens, of an amount in BILLING_TOPUPS.

    Raises UnknownPlan, BillingOff, StripeUnavailable or StripeRefused.
    """
    require_on()
    price_id = catalogue.find_topup(tokens)

    def create(row: StripeCustomer) -> str:
        metadata = {"user_id": str(user.pk), "kind": KIND, "tokens": str(tokens)}
        more = {"metadata": metadata, "payment_intent_data": {"metadata": metadata}}
        return _create(user, row, addresses, mode="payment", price_id=price_id, more=more)

    return _with_customer(user, create)


aopen_topup_checkout = async_twin(open_topup_checkout, uses_database=True)


def open_portal(user: AbstractBaseUser, addresses: Addresses) -> str:
    """The address of a portal session of the user at Stripe. Raises BillingOff, StripeUnavailable or StripeRefused."""
    require_on()

    def create(row: StripeCustomer) -> str:
        params: Any = {"customer": row.customer_id, "return_url": addresses.done}
        if addresses.locale in _LOCALES:
            params["locale"] = addresses.locale
        return str(fetch(lambda: client().v1.billing_portal.sessions.create(params))["url"])

    return _with_customer(user, create)


aopen_portal = async_twin(open_portal, uses_database=True)


def finish_checkout(user: AbstractBaseUser, session_id: str, *, now: datetime | None = None) -> Outcome:
    """What came of a checkout. It is applied at once, so that the user need not wait for the webhook.

    Raises UnknownSession when the checkout is not this user's, StripeUnavailable or BillingOff.
    """
    try:
        session = fetch(lambda: client().v1.checkout.sessions.retrieve(session_id))
    except StripeRefused as error:
        raise UnknownSession(session_id) from error
    customer = session.get("customer")
    if customer is None and named_user(session) == str(user.pk):
        return Outcome(bought_tokens(fetch_session(session_id)), is_paid(session), _read(session_id, now))
    if customer not in {row.customer_id for row in customers_of(str(user.pk))}:
        raise UnknownSession(session_id)
    return Outcome(bought_tokens(session), is_paid(session), _read(str(session["customer"]), now))


afinish_checkout = async_twin(finish_checkout, uses_database=True)


def refresh_user(user: AbstractBaseUser, *, now: datetime | None = None) -> SubscriptionState | None:
    """Read a user's state from Stripe again, as after the portal; None when there is none or it can't be read now.

    Raises StripeUnavailable or BillingOff.
    """
    rows = customers_of(str(user.pk))
    return _read(str(rows[0].customer_id), now) if rows else None


arefresh_user = async_twin(refresh_user, uses_database=True)


def _last_seen(user_id: str) -> SubscriptionState | None:
    """The last state of a user who pays for a product that is unknown here."""
    try:
        return read_state(user_id)
    except StoreUnavailable:
        return None  # a checkout does not need the store


def _read(customer_id: str, now: datetime | None) -> SubscriptionState | None:
    try:
        return sync_named(customer_id, now=now).state
    except (CustomerBusy, Unresolved):
        return None  # the webhook's sync is running, or somebody must act: the inbox shows it


def _with_customer(user: AbstractBaseUser, create: Any) -> str:
    """Call `create` with the user's customer; if Stripe has it no longer, again with an older or a new one."""
    try:
        return str(create(ensure_customer(user)))
    except (StripeRefused, Unresolved) as error:
        gone = [row for row in customers_of(str(user.pk)) if row.closed_at is None and not _can_buy(row)]
        if not gone:
            log.warning("billing: no checkout or portal could be opened at Stripe: %s", error.reason)
            raise
    for row in gone:
        retire_customer(row)
    if any(row.is_own for row in gone):
        _take_back(user, gone)
    return str(create(ensure_customer(user)))


def _take_back(user: AbstractBaseUser, gone: list[StripeCustomer]) -> None:
    """Use the newest retired customer that Stripe has: the older key is back, and this customer may be paying."""
    for row in reversed(customers_of(str(user.pk))):
        if row.closed_at is not None and row not in gone and _can_buy(row):
            reinstate_customer(row)
            return


def _can_buy(row: StripeCustomer) -> bool:
    """A checkout needs a customer that Stripe has: not a deleted one, nor one of another account."""
    return find_presence(str(row.customer_id)) is Presence.THERE


def _create(
    user: AbstractBaseUser, row: StripeCustomer, addresses: Addresses, *, mode: str, price_id: str, more: dict[str, Any]
) -> str:
    params: Any = {
        "mode": mode,
        "customer": row.customer_id,
        "client_reference_id": str(user.pk),
        "line_items": [{"price": price_id, "quantity": 1}],
        "success_url": addresses.done,
        "cancel_url": addresses.cancelled,
        "metadata": {"user_id": str(user.pk)},
        **more,
    }
    if addresses.locale in _LOCALES:
        params["locale"] = addresses.locale
    return str(fetch(lambda: client().v1.checkout.sessions.create(params))["url"])
