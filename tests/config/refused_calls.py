"""How each code of the API is provoked, by name: what a call must be, and what the site must be like."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError
from stripe import WebhookSignature

from billing.errors import AlreadySubscribed, AutoTopUpStopped, PaymentDisputed, StripeRefused, StripeUnavailable
from codetags.models import CodeTag
from codetags.services.registrations import register_code
from kv.store.caches import durable_cache
from kv.store.numbers import LARGEST_WHOLE
from kv.times import utc_now
from kv.web.rate_limits import known_limits
from stats import keys
from stats.services.figures import forget_figures
from stats.services.receipts import sign_receipt
from tests.config.api_call import Call
from usertokens.errors import AccountClosed
from usertokens.services.accounts import forget_user
from usertokens.services.balances import add_tokens, adjust_tokens
from usertokens.services.budgets import set_budget
from usertokens.services.holds import hold_tokens, release_hold
from usertokens.services.voucher_making import make_vouchers
from usertokens.services.vouchers import redeem_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "whsec_test"
_SAVE = "billing.services.auto_settings.save_auto_topup"


def _invalid_input(call: Call) -> None:
    if call.method == "GET":
        call.query = {"code": "!", "limit": "0", "days": "0", "from": "no day"}
    elif call.id == "import_codes":
        call.raw = b"code,nonsense\n"
    else:
        call.body = {"nonsense": 1}


def _not_authenticated(call: Call) -> None:
    call.user = ""


def _authentication_failed(call: Call) -> None:
    call.user = ""
    call.headers["HTTP_AUTHORIZATION"] = "Token " + "0" * 64


def _permission_denied(call: Call) -> None:
    call.user = "own"
    if call.method == "GET":
        call.query["userId"] = str(User.objects.get(username="other").pk)
        if call.id in ("list_codes", "list_registry", "get_registered_code"):
            call.query = {}
    call.csrf = True


def _not_found(call: Call) -> None:
    if "{hold_id}" in call.path:
        call.hold = "none"
    elif "{code}" in call.path:
        call.code = "NONE"
    elif call.method == "POST":
        call.body["userId"] = "987654"
    else:
        call.query["userId"] = "987654"


def _account_closed(call: Call) -> None:
    if call.id == "save_auto_topup":
        call.fail(_SAVE, AccountClosed())
    subject = call.subject
    if call.id == "redeem_voucher":
        _voucher(call)
    call.hold = call.made_hold() if "{hold_id}" in call.path else ""
    forget_user(subject)


def _rate_limited(call: Call) -> None:
    call.like(RATE_LIMITS=dict.fromkeys(known_limits, "1/hour"))
    if call.id == "record_qr_code":
        call.body = {"receipt": sign_receipt(100)}
    if call.id == "hold_tokens":
        call.body = {"amount": 1, "ttl_seconds": 60, "reason": "image"}
    call.user = "own" if call.id in ("hold_tokens", "set_budget") else call.user


def _insufficient_tokens(call: Call) -> None:
    call.body = _of_an_amount(call, 10**9)


def _of_an_amount(call: Call, tokens: int = 50) -> dict[str, Any]:
    more: dict[str, Any] = {"spend_tokens": {"reason": "x"}, "hold_tokens": {"reason": "x", "ttl_seconds": 60}}
    return {"cost" if call.id == "record_generation" else "amount": tokens, **more.get(call.id, {})}


def _budget_exceeded(call: Call) -> None:
    call.hold = call.made_hold() if "{hold_id}" in call.path else ""
    call.body = _of_an_amount(call)
    set_budget(call.subject, day=1)


def _idempotency_conflict(call: Call) -> None:
    call.headers["HTTP_IDEMPOTENCY_KEY"] = "k"
    if call.id == "register_code":
        register_code({"label": "other"}, user_id=User.objects.get(username="chief").pk, key="k")
        return
    actor = "" if call.subject == call.user_id else call.user_id
    add_tokens(call.subject, 1, reason="another use of the key", key="k", actor=actor)


def _balance_too_large(call: Call) -> None:
    adjust_tokens(call.subject, LARGEST_WHOLE - 10_000, reason="rich", actor="")
    if call.id == "redeem_voucher":
        _voucher(call, tokens=10**6)
    else:
        call.body["amount"] = 10**6


def _voucher(call: Call, **terms: Any) -> None:
    """There is a voucher with the code of the call."""
    wanted: dict[str, Any] = {"count": 1, "tokens": 5, "label": "test", "pattern": call.body["code"]} | terms
    make_vouchers(**wanted)


def _voucher_of_terms(**terms: Any) -> Callable[[Call], None]:
    return lambda call: _voucher(call, **terms)


def _voucher_used(call: Call) -> None:
    _voucher(call)
    redeem_voucher(str(User.objects.get(username="other").pk), call.body["code"])


def _voucher_for_new_users(call: Call) -> None:
    User.objects.update(date_joined=utc_now() - timedelta(days=2))
    _voucher(call, account_days=1)


def _hold_ended(call: Call) -> None:
    call.hold = call.made_hold()
    release_hold(call.user_id, call.hold)


def _hold_of_service(call: Call) -> None:
    call.hold = hold_tokens(call.user_id, 40, ttl_seconds=60, reason="image", by_service=True).id


def _signed(call: Call, body: bytes) -> None:
    call.like(STRIPE_WEBHOOK_SECRET=(SECRET,), STRIPE_SECRET_KEY="sk_test_x")
    make: Any = WebhookSignature.generate_signature_header
    call.raw, call.headers["HTTP_STRIPE_SIGNATURE"] = body, make(body.decode(), SECRET)


def _opening_fails(call: Call, error: Exception) -> None:
    for name in ("open_plan_checkout", "open_topup_checkout", "open_portal"):
        call.fail(f"billing.services.checkout.{name}", error)


def _store_unavailable(call: Call) -> None:
    forget_figures()
    away = durable_cache("redis://127.0.0.1:1/0", directory=Path())
    call.like(RATE_LIMITS={}, CACHES={**settings.CACHES, "kv": away})


def _database_unavailable(call: Call) -> None:
    if call.id == "receive_stripe_event":
        _signed(call, b'{"id": "evt_1", "object": "event", "type": "x", "data": {"object": {}}}')
    call.user = call.user or "chief"  # who is known by a session, which is in the database
    call.fail("django.db.backends.utils.CursorWrapper.execute", OperationalError("locked"))


def _half_a_body() -> dict[str, Any]:
    return {"CONTENT_LENGTH": "20", "wsgi.input": io.BufferedReader(io.BytesIO(b"{}"))}


def _no_codes_left(call: Call) -> None:
    call.like(CODETAGS_PATTERN="A")
    CodeTag.objects.create(code="A", label="the only one")
    call.body = {"label": "x"}


def _set(**fields: Any) -> Callable[[Call], None]:
    def change(call: Call) -> None:
        for name, value in fields.items():
            setattr(call, name, value() if callable(value) else value)

    return change


PROVOKED: dict[str, Callable[[Call], object]] = {
    "bad_request": _set(headers={"HTTP_HOST": "evil.example"}),
    "incomplete_body": _set(headers=_half_a_body),
    "length_required": _set(headers={"HTTP_TRANSFER_ENCODING": "chunked"}),
    "invalid_input": _invalid_input,
    "malformed_json": _set(raw=b"{"),
    "parse_error": _set(raw=b"x", type="multipart/form-data"),
    "unsupported_media_type": _set(raw=b"<a/>", type="application/xml"),
    "too_large": _set(headers={"CONTENT_LENGTH": str(2**24)}),
    "not_authenticated": _not_authenticated,
    "authentication_failed": _authentication_failed,
    "permission_denied": _permission_denied,
    "not_found": _not_found,
    "account_closed": _account_closed,
    "switched_off": lambda call: call.like(STATS_PUBLIC_HISTORY=False),
    "rate_limited": _rate_limited,
    "insufficient_tokens": _insufficient_tokens,
    "budget_exceeded": _budget_exceeded,
    "idempotency_conflict": _idempotency_conflict,
    "balance_too_large": _balance_too_large,
    "voucher_unknown": _set(),
    "voucher_over": _voucher_of_terms(valid_until=utc_now() - timedelta(days=1), now=utc_now() - timedelta(days=2)),
    "voucher_not_yet": _voucher_of_terms(valid_from=utc_now() + timedelta(days=1)),
    "voucher_used": _voucher_used,
    "voucher_for_new_users": _voucher_for_new_users,
    "code_exists": lambda call: CodeTag.objects.create(code=call.body["code"], label="x"),
    "no_codes_left": _no_codes_left,
    "open_holds": lambda call: hold_tokens(call.subject, 1, ttl_seconds=60, reason="image"),
    "hold_ended": _hold_ended,
    "hold_of_service": _hold_of_service,
    "total_too_large": lambda call: call.store.set(keys.revenue(), LARGEST_WHOLE),
    "store_unavailable": _store_unavailable,
    "database_unavailable": _database_unavailable,
    "billing_off": lambda call: call.like(STRIPE_WEBHOOK_SECRET=(), STRIPE_SECRET_KEY=""),
    "bad_signature": lambda call: call.like(STRIPE_WEBHOOK_SECRET=(SECRET,), STRIPE_SECRET_KEY="sk_test_x"),
    "bad_event": lambda call: _signed(call, b"[]"),
    "already_subscribed": lambda call: _opening_fails(call, AlreadySubscribed()),
    "auto_topup_stopped": lambda call: call.fail(_SAVE, AutoTopUpStopped()),
    "payment_disputed": lambda call: call.fail(_SAVE, PaymentDisputed()),
    "stripe_unavailable": lambda call: _opening_fails(call, StripeUnavailable("why")),
    "stripe_busy": lambda call: _opening_fails(call, StripeUnavailable("why", "busy")),
    "stripe_key_refused": lambda call: _opening_fails(call, StripeUnavailable("why", "key")),
    "portal_not_set_up": lambda call: _opening_fails(call, StripeRefused("why", "portal")),
    "mixed_currencies": lambda call: _opening_fails(call, StripeRefused("why", "currency")),
    "price_archived": lambda call: _opening_fails(call, StripeRefused("why", "archived")),
    "card_refused": lambda call: _opening_fails(call, StripeRefused("why", "card")),
    "stripe_conflict": lambda call: _opening_fails(call, StripeRefused("why", "idempotency")),
    "stripe_refused": lambda call: _opening_fails(call, StripeRefused("why", "refused")),
}
