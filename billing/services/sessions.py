"""One open checkout for one choice: the same form sent twice, or in two tabs, leads to the same page at Stripe."""

from __future__ import annotations

import hashlib
import secrets
import time
from functools import partial
from logging import getLogger
from typing import Any

import orjson

from billing.errors import CheckoutOpen, StripeRefused, StripeUnavailable
from billing.services.stripe_api import PAGE, client, fetch
from kv.times import utc_now

log = getLogger(__name__)

#: What tells two checkouts apart, besides the price. `cancel_url` names the choice.
_SAME = ("mode", "success_url", "cancel_url", "client_reference_id", "locale", "metadata", "allow_promotion_codes")
#: Seconds. A session that ends sooner is not used again.
_LEAST_LEFT = 900
#: Seconds between tries while Stripe works on the same request from elsewhere, such as a double click.
_PAUSES = (0.2, 0.4, 0.8, 1.6)


def open_session(params: dict[str, Any], *, is_only_new: bool = False) -> str:
    """The address of a checkout with these parameters: of the one that is open already, else of a new one.

    The key of a new one is made of the customer's newest checkout: two requests at once see the same newest one, so
    Stripe makes one checkout of them, and once it is finished the next request has another key.
    Other open checkouts for a plan are expired: with two a user could pay twice.
    is_only_new: raise CheckoutOpen instead of answering one that is open already.
    Raises StripeUnavailable or StripeRefused.
    """
    form = hashlib.sha256(orjson.dumps(params, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
    wanted: Any = params
    suffix = ""
    for pause in (*_PAUSES, None):
        newest, known = _look(params)
        if known:
            if is_only_new:
                raise CheckoutOpen
            return known
        options: Any = {"idempotency_key": f"checkout-{form}-{newest}{suffix}"}
        try:
            return str(fetch(partial(client().v1.checkout.sessions.create, wanted, options))["url"])
        except (StripeUnavailable, StripeRefused) as error:
            is_stuck = getattr(error, "is_replayed", False) or error.kind == "idempotency"
            if pause is None or not (is_stuck or getattr(error, "is_in_use", False)):
                raise
            if is_stuck:  # a failure that Stripe would answer for a day
                suffix = f"-{secrets.token_hex(4)}"
                continue
        time.sleep(pause)
    raise AssertionError("the last turn returns or raises")


def _look(params: dict[str, Any]) -> tuple[str, str]:
    """The id of the customer's newest checkout, and the address of an open one for the same; "" for none."""
    asked: Any = {"customer": params["customer"], "limit": PAGE, "expand": ["data.line_items"]}
    found = fetch(lambda: client().v1.checkout.sessions.list(asked))["data"]
    known = ""
    for session in found:
        if session["status"] != "open":
            continue
        if not known and _is_same(session, params) and session["expires_at"] - utc_now().timestamp() > _LEAST_LEFT:
            known = str(session["url"] or "")
        elif session["mode"] == params["mode"] == "subscription":
            expire_session(str(session["id"]))
    return (str(found[0]["id"]) if found else "first"), known


def _is_same(session: dict[str, Any], params: dict[str, Any]) -> bool:
    lines = (session.get("line_items") or {}).get("data") or ()
    prices = [(one.get("price") or {}).get("id") for one in lines]
    return prices == [one["price"] for one in params.get("line_items", ())] and all(
        (session.get(name) or None) == (params.get(name) or None) for name in _SAME
    )


def expire_session(session_id: str) -> None:
    """Expire an open checkout, so that it is not paid later by mistake; nothing when it was finished meanwhile."""
    try:
        fetch(lambda: client().v1.checkout.sessions.expire(session_id))
    except StripeRefused:
        log.info("billing: checkout %s was finished meanwhile", session_id)
