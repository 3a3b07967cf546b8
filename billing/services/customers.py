"""Which Stripe customer is which user.

The table StripeCustomer says it first, then what our checkout wrote on Stripe's objects. E-mail addresses never do.
"""

from __future__ import annotations

import time
from logging import getLogger
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from billing.errors import StripeRefused, StripeUnavailable, Unresolved
from billing.models.stripe_objects import StripeCustomer
from billing.services.stripe_api import client, fetch, fetch_all, is_live
from billing.types import Presence
from kv.sql.transactions import atomic_for
from kv.times import utc_now

log = getLogger(__name__)
# As long as Stripe accepts it.
_LONGEST_NAME = 256
#: Seconds between tries while Stripe works on the same request from elsewhere, such as a second tab.
_PAUSES = (0.2, 0.4, 0.8, 1.6)


def ensure_customer(user: AbstractBaseUser) -> StripeCustomer:
    """The user's customer. It is made at Stripe when there is none: exactly once, also by repeated or parallel calls.

    The row with its idempotency key is written first, and the id before a checkout is opened. The request under the key
    never changes, because Stripe refuses a different one for a day: name and e-mail are sent by an update afterwards.
    If Stripe has stored a failure under the key, a new key is made. While Stripe works on the same request from
    elsewhere, its customer is waited for, some seconds.
    Raises StripeUnavailable, StripeRefused or BillingOff.
    """
    row, _ = StripeCustomer.objects.get_or_create(user_id=user.pk, livemode=is_live(), is_own=True)
    if row.customer_id:
        return row
    try:
        made = _create_alone(row)
    except (StripeRefused, StripeUnavailable) as error:
        if not (getattr(error, "is_replayed", False) or error.kind == "idempotency"):
            raise
        # Of two parallel calls only one makes the new key.
        old = StripeCustomer.objects.filter(pk=row.pk, idempotency_key=row.idempotency_key)
        old.update(idempotency_key=uuid4())
        row.refresh_from_db()
        made = _create_alone(row)
    StripeCustomer.objects.filter(pk=row.pk, customer_id=None).update(customer_id=made["id"])
    row.refresh_from_db()
    _describe(str(row.customer_id), user)
    return row


def _create_alone(row: StripeCustomer) -> dict[str, Any]:
    for pause in _PAUSES:
        try:
            return _create(row)
        except StripeUnavailable as error:
            if not error.is_in_use:
                raise
        time.sleep(pause)
        # The other call may have finished, with this key or with a new one.
        row.refresh_from_db()
        if row.customer_id:
            return {"id": row.customer_id}
    return _create(row)


def _create(row: StripeCustomer) -> dict[str, Any]:
    params: Any = {"metadata": {"user_id": str(row.user_id)}}
    options: Any = {"idempotency_key": f"customer-{row.idempotency_key}"}
    return fetch(lambda: client().v1.customers.create(params, options))


def _describe(customer_id: str, user: AbstractBaseUser) -> None:
    """Send name and e-mail, for Stripe's dashboard. A failure does not stop the purchase."""
    params: Any = {"name": user.get_username()[:_LONGEST_NAME]}
    if email := getattr(user, "email", ""):
        params["email"] = email
    try:
        fetch(lambda: client().v1.customers.update(customer_id, params))
    except (StripeRefused, StripeUnavailable) as error:
        log.info("billing: name and address of %s were not set: %s", customer_id, error.reason)


def retire_customer(row: StripeCustomer) -> None:
    """Stripe has deleted this customer, or does not have it under this key: the next checkout makes another one.

    A retired customer counts only while Stripe has it, as when the older key is back.
    """
    log.warning("billing: Stripe has no customer %s any more, the next checkout makes another", row.customer_id)
    StripeCustomer.objects.filter(pk=row.pk).update(is_own=False, closed_at=utc_now())


def reinstate_customer(row: StripeCustomer) -> None:
    """Stripe has a retired customer again: its user's checkouts and portal use it as before."""
    try:
        with atomic_for(StripeCustomer):
            StripeCustomer.objects.filter(pk=row.pk).update(is_own=True, closed_at=None)
    except IntegrityError:
        log.info("billing: the user of %s has another customer meanwhile", row.customer_id)


def find_customer(customer_id: str) -> StripeCustomer:
    """The row of a customer. A new row is made when Stripe's objects name a user who exists.

    Raises Unresolved when they name no user, or one who does not exist.
    """
    row = StripeCustomer.objects.filter(customer_id=customer_id).first()
    if row is not None:
        if row.livemode != is_live():
            raise Unresolved("a customer of the other mode (test or live)")
        return row
    user = find_user(_named_user(customer_id))
    if user is None:
        raise Unresolved(f"customer {customer_id} names a user who does not exist")
    return _take_in(customer_id, user)


def find_user(name: str) -> AbstractBaseUser | None:
    """The user with this id, which Stripe holds as a text; None when there is none."""
    model = get_user_model()
    try:
        return model._default_manager.filter(pk=model._meta.pk.to_python(name)).first()  # noqa: SLF001 (Django's own name)
    except (ValueError, TypeError, OverflowError, ValidationError):
        return None


def named_user(session: dict[str, Any]) -> str:
    """The id of the user that a checkout names; "" for none."""
    return _user_id(session) or str(session.get("client_reference_id") or "")


def find_presence(customer_id: str) -> Presence:
    """Whether Stripe has this customer. A refusal that is not about the customer leaves it there.

    Raises StripeUnavailable or BillingOff.
    """
    try:
        found = fetch(lambda: client().v1.customers.retrieve(customer_id))
    except StripeRefused as error:
        return Presence.MISSING if error.reason == "resource_missing" else Presence.THERE
    return Presence.DELETED if found.get("deleted") else Presence.THERE


def customers_of(user_id: str) -> list[StripeCustomer]:
    """The user's customers that have an id, in the present mode (test or live)."""
    rows = StripeCustomer.objects.filter(user_id=user_id, livemode=is_live(), customer_id__isnull=False)
    return list(rows.order_by("pk"))


def _take_in(customer_id: str, user: AbstractBaseUser) -> StripeCustomer:
    has_own = StripeCustomer.objects.filter(user_id=user.pk, livemode=is_live(), is_own=True).exists()
    try:
        with atomic_for(StripeCustomer):
            return StripeCustomer.objects.create(
                user_id=user.pk, customer_id=customer_id, livemode=is_live(), is_own=not has_own
            )
    except IntegrityError:
        # Another process has made this row meanwhile, or another customer for the user.
        rest = {"user_id": user.pk, "livemode": is_live(), "is_own": False}
        return StripeCustomer.objects.get_or_create(customer_id=customer_id, defaults=rest)[0]


def _named_user(customer_id: str) -> str:
    """The user id on a subscription, else on a checkout session, else on the customer. Raises Unresolved."""
    stripe = client()
    subscriptions: Any = {"customer": customer_id, "status": "all", "limit": 100}
    sessions: Any = {"customer": customer_id, "limit": 100}
    try:
        for found in fetch_all(lambda: stripe.v1.subscriptions.list(subscriptions)):
            if name := _user_id(found):
                return name
        for found in fetch_all(lambda: stripe.v1.checkout.sessions.list(sessions)):
            if name := named_user(found):
                return name
        if name := _user_id(fetch(lambda: stripe.v1.customers.retrieve(customer_id))):
            return name
    except StripeRefused as error:
        raise Unresolved(f"Stripe does not show customer {customer_id}: {error.reason}") from error
    raise Unresolved(f"customer {customer_id} names no user")


def _user_id(thing: dict[str, Any]) -> str:
    return str((thing.get("metadata") or {}).get("user_id") or "")
