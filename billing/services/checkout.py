"""Open a checkout or the portal at Stripe for a user, and say what came of it when the user returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from logging import getLogger
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from billing.conf import app_settings
from billing.errors import AlreadySubscribed, CustomerBusy, StripeRefused, UnknownSession, Unresolved
from billing.models import StripeCustomer
from billing.services import catalogue
from billing.services.customers import (
    customers_of,
    ensure_customer,
    find_presence,
    named_user,
    reinstate_customer,
    retire_customer,
)
from billing.services.guests import fetch_session
from billing.services.portal import LOCALES, portal_session
from billing.services.sessions import open_session
from billing.services.snapshots import fetch_snapshot
from billing.services.statuses import may_run
from billing.services.stripe_api import client, fetch, require_on
from billing.services.subscription_states import read_state
from billing.services.sync import sync_named
from billing.services.topups import KIND, bought_tokens, is_paid
from billing.services.trials import trial_days
from billing.types import Addresses, Choice, Plan, Presence, SubscriptionState
from kv.errors import StoreUnavailable
from kv.process.threads import async_twin
from kv.times import utc_now

log = getLogger(__name__)


class Progress(StrEnum):
    """How far a checkout has come. FAILED: it was completed, but its money will not arrive."""

    PAID = "paid"
    COMING = "coming"
    OPEN = "open"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a checkout. tokens: bought in it, 0 for a plan. is_paid: False while a slow payment is on its way.

    state:   None when it could not be read just now; the event will bring it.
    payment: how far it has come.
    choice:  what was chosen; None when the checkout does not say.
    is_card: it has saved a card, and nothing was bought.
    """

    tokens: int
    is_paid: bool
    state: SubscriptionState | None
    payment: Progress = Progress.PAID
    choice: Choice | None = None
    is_card: bool = False


def open_plan_checkout(
    user: AbstractBaseUser, plan: Plan, interval: str, addresses: Addresses, *, is_only_new: bool = False
) -> str:
    """The address of a checkout for a plan, paid by the month or the year: an open one, or a new one.

    is_only_new: raise CheckoutOpen instead of answering one that is open already.
    Raises UnknownPlan, AlreadySubscribed, BillingOff, StripeUnavailable, StripeRefused, or Unresolved when it is not
    known what the user pays for already.
    """
    require_on()
    offer = catalogue.find_offer(plan, interval)

    def create(row: StripeCustomer) -> str:
        rows = customers_of(str(user.pk))
        snapshot, _ = fetch_snapshot(rows, utc_now())
        last = _last_seen(str(user.pk)) if snapshot.unknown_products else None
        if may_run(snapshot.state.status) or (last is not None and last.plan.rank):
            raise AlreadySubscribed((last or snapshot.state).plan, None if last else snapshot.state)
        inner: dict[str, Any] = {"metadata": {"user_id": str(user.pk)}}
        if days := trial_days(plan, rows):
            inner["trial_period_days"] = days
        params = _params(user, row, addresses, mode="subscription", price_id=offer.price_id)
        params["metadata"] |= {"plan": plan, "interval": interval} | ({"trial_days": str(days)} if days else {})
        return open_session(params | {"subscription_data": inner}, is_only_new=is_only_new)

    return with_customer(user, create)


aopen_plan_checkout = async_twin(open_plan_checkout, uses_database=True)


def open_topup_checkout(user: AbstractBaseUser, tokens: int, addresses: Addresses, *, is_only_new: bool = False) -> str:
    """The address of a checkout for so many tokens, of an amount in BILLING_TOPUPS: an open one, or a new one.

    is_only_new: raise CheckoutOpen instead of answering one that is open already.
    Raises UnknownPlan, BillingOff, StripeUnavailable or StripeRefused.
    """
    require_on()
    price_id = catalogue.find_topup(tokens)

    def create(row: StripeCustomer) -> str:
        metadata = {"user_id": str(user.pk), "kind": KIND, "tokens": str(tokens)}
        params = _params(user, row, addresses, mode="payment", price_id=price_id)
        more = {"metadata": metadata, "payment_intent_data": {"metadata": metadata}}
        return open_session(params | more, is_only_new=is_only_new)

    return with_customer(user, create)


aopen_topup_checkout = async_twin(open_topup_checkout, uses_database=True)


def open_portal(user: AbstractBaseUser, addresses: Addresses) -> str:
    """The address of a portal session of the user at Stripe. Raises BillingOff, StripeUnavailable or StripeRefused."""
    require_on()
    return with_customer(user, lambda row: portal_session(str(row.customer_id), addresses))


aopen_portal = async_twin(open_portal, uses_database=True)


def finish_checkout(user: AbstractBaseUser, session_id: str, *, now: datetime | None = None) -> Outcome:
    """What came of a checkout. It is applied at once, so that the user need not wait for the webhook.

    Raises UnknownSession when the checkout is not this user's, StripeUnavailable or BillingOff.
    """
    params: Any = {"expand": ["payment_intent"]}
    try:
        session = fetch(lambda: client().v1.checkout.sessions.retrieve(session_id, params))
    except StripeRefused as error:
        raise UnknownSession(session_id) from error
    customer = session.get("customer")
    if customer is None and named_user(session) == str(user.pk):
        session = fetch_session(session_id)
        return _outcome(session, _read(session_id, now))
    if customer not in {row.customer_id for row in customers_of(str(user.pk))}:
        raise UnknownSession(session_id)
    return _outcome(session, _read(str(session["customer"]), now))


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


def with_customer(user: AbstractBaseUser, create: Any) -> str:
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


def _params(
    user: AbstractBaseUser, row: StripeCustomer, addresses: Addresses, *, mode: str, price_id: str
) -> dict[str, Any]:
    params: dict[str, Any] = {
        "mode": mode,
        "customer": row.customer_id,
        "client_reference_id": str(user.pk),
        "line_items": [{"price": price_id, "quantity": 1}],
        "success_url": addresses.done,
        "cancel_url": addresses.cancelled,
        "metadata": {"user_id": str(user.pk)},
    }
    if app_settings.BILLING_PROMOTION_CODES:
        params["allow_promotion_codes"] = True
    if addresses.locale in LOCALES:
        params["locale"] = addresses.locale
    return params


def _outcome(session: dict[str, Any], state: SubscriptionState | None) -> Outcome:
    tokens, metadata = bought_tokens(session), session.get("metadata") or {}
    choice = None
    if tokens or metadata.get("plan"):
        choice = Choice(str(metadata.get("plan") or ""), str(metadata.get("interval") or "month"), tokens)
    is_card = session["mode"] == "setup"
    return Outcome(tokens, is_paid(session), state, _progress(session), choice, is_card)


def _progress(session: dict[str, Any]) -> Progress:
    if session["status"] in ("open", "expired"):
        return Progress(session["status"])
    if is_paid(session):
        return Progress.PAID
    intent = session.get("payment_intent")
    is_over = isinstance(intent, dict) and intent["status"] in ("requires_payment_method", "canceled")
    return Progress.FAILED if is_over else Progress.COMING
