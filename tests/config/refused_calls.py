"""How each code of the API is provoked, by name: what a call must be, and what the site must be like."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import override_settings
from stripe import WebhookSignature

from billing.errors import AlreadySubscribed, StripeRefused, StripeUnavailable
from codetags.services.cookies import COUNTED_COOKIE
from kv.numbers import LARGEST_WHOLE
from kv.store.caches import durable_cache
from kv.web.rate_limits import known_limits
from stats import keys
from stats.services.figures import forget_figures
from stats.services.receipts import sign_receipt
from tests.security.table import BROWSER
from tests.site_client import SiteClient
from usertokens.services.accounts import forget_user
from usertokens.services.balances import add_tokens, adjust_tokens
from usertokens.services.holds import hold_tokens, release_hold

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "whsec_test"
JSON = "application/json"
#: Sent for a code in the query, where an operation takes no body.
_BAD_QUERY = {"record_hit_by_get": {"code": "!"}, "list_codes": {"limit": "0"}, "list_transactions": {"limit": "0"}}
_FOR_A_HIT = {"record_hit_by_get": {"code": "DEMO"}, "record_hit": {"code": "DEMO"}}


class Call:
    """One call of an operation by somebody, in the making."""

    def __init__(self, store: Any, method: str, path: str, operation: dict[str, Any]) -> None:
        self.store, self.method, self.path = store, method, path
        self.id: str = operation["operationId"]
        content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
        self.body: Any = deepcopy(content.get("examples", {}).get("Request", {}).get("value"))
        if "userId" in (self.body or {}):
            self.body["userId"] = str(User.objects.get(username="other").pk)
        self.raw: bytes | None = None
        self.query: dict[str, str] = dict(_FOR_A_HIT.get(self.id, {}))
        self.headers: dict[str, Any] = {}
        self.type = JSON
        self.user: str = "" if operation["security"] == [] else "chief"
        self.csrf = False
        self.hold = ""
        self.site: list[Any] = []

    @property
    def user_id(self) -> str:
        return str(User.objects.get(username=self.user or "chief").pk)

    @property
    def subject(self) -> str:
        """Whom the call is about."""
        return str((self.body or {}).get("userId") or self.user_id)

    def like(self, **site: Any) -> None:
        """The site's settings while the call lasts."""
        self.site.append(override_settings(**site))

    def fail(self, target: str, error: Exception | Callable[..., Any]) -> None:
        """What stands there fails while the call lasts."""
        self.site.append(patch(target, side_effect=error))

    def made_hold(self) -> str:
        return self.hold or hold_tokens(self.user_id, 40, ttl_seconds=60, reason="image").id

    def send(self, *, times: int = 1) -> Any:
        client = SiteClient(enforce_csrf_checks=self.csrf, headers={"User-Agent": BROWSER})
        if self.user:
            client.force_login(User.objects.get(username=self.user))
        path = self.path.replace("{hold_id}", self.made_hold() if "{hold_id}" in self.path else "")
        raw = self.raw
        if raw is None:
            raw = b"" if self.body is None else json.dumps(self.body).encode()
        with ExitStack() as site:
            for change in self.site:
                site.enter_context(change)
            for _ in range(times):
                client.cookies.pop(COUNTED_COOKIE, None)
                answer = client.generic(
                    self.method, path, raw, content_type=self.type, query_params=self.query, **self.headers
                )
        return answer


def _invalid_input(call: Call) -> None:
    if call.id in _BAD_QUERY:
        call.query = _BAD_QUERY[call.id]
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
        if call.id == "list_codes":
            call.query = {}
    call.csrf = True


def _not_found(call: Call) -> None:
    if "{hold_id}" in call.path:
        call.hold = "none"
    elif call.method == "POST":
        call.body["userId"] = "987654"
    else:
        call.query["userId"] = "987654"


def _account_closed(call: Call) -> None:
    subject = call.subject
    call.hold = call.made_hold() if "{hold_id}" in call.path else ""
    forget_user(subject)


def _rate_limited(call: Call) -> None:
    call.like(RATE_LIMITS=dict.fromkeys(known_limits, "1/hour"))
    if call.id == "record_qr_code":
        call.body = {"receipt": sign_receipt(100)}
    if call.id == "hold_tokens":
        call.user, call.body = "own", {"amount": 1, "ttl_seconds": 60, "reason": "image"}


def _insufficient_tokens(call: Call) -> None:
    call.body["cost" if call.id == "record_generation" else "amount"] = 10**9


def _idempotency_conflict(call: Call) -> None:
    call.headers["HTTP_IDEMPOTENCY_KEY"] = "k"
    actor = "" if call.subject == call.user_id else call.user_id
    add_tokens(call.subject, 1, reason="another use of the key", key="k", actor=actor)


def _balance_too_large(call: Call) -> None:
    adjust_tokens(call.subject, LARGEST_WHOLE - 10_000, reason="rich", actor="")
    call.body["amount"] = 10**6


def _open_holds(call: Call) -> None:
    hold_tokens(call.subject, 1, ttl_seconds=60, reason="image")


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


def _stripe_refuses(kind: str) -> Callable[[Call], None]:
    return lambda call: _opening_fails(call, StripeRefused("why", kind))


def _store_unavailable(call: Call) -> None:
    forget_figures()
    call.like(
        RATE_LIMITS={}, CACHES={**settings.CACHES, "kv": durable_cache("redis://127.0.0.1:1/0", directory=Path())}
    )


def _database_unavailable(call: Call) -> None:
    if call.id == "receive_stripe_event":
        _signed(call, b'{"id": "evt_1", "object": "event", "type": "x", "data": {"object": {}}}')
    call.user = call.user or "chief"  # who is known by a session, which is in the database
    call.fail("django.db.backends.utils.CursorWrapper.execute", OperationalError("locked"))


def _half_a_body() -> dict[str, Any]:
    source: Any = io.BytesIO(b"{}")
    return {"CONTENT_LENGTH": "20", "wsgi.input": io.BufferedReader(source)}


def _set(**fields: Any) -> Callable[[Call], None]:
    def change(call: Call) -> None:
        for name, value in fields.items():
            setattr(call, name, value() if callable(value) else value)

    return change


PROVOKED: dict[str, Callable[[Call], None]] = {
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
    "rate_limited": _rate_limited,
    "insufficient_tokens": _insufficient_tokens,
    "idempotency_conflict": _idempotency_conflict,
    "balance_too_large": _balance_too_large,
    "open_holds": _open_holds,
    "hold_ended": _hold_ended,
    "hold_of_service": _hold_of_service,
    "total_too_large": lambda call: call.store.set(keys.revenue(), LARGEST_WHOLE),
    "store_unavailable": _store_unavailable,
    "database_unavailable": _database_unavailable,
    "billing_off": lambda call: call.like(STRIPE_WEBHOOK_SECRET=(), STRIPE_SECRET_KEY=""),
    "bad_signature": lambda call: call.like(STRIPE_WEBHOOK_SECRET=(SECRET,), STRIPE_SECRET_KEY="sk_test_x"),
    "bad_event": lambda call: _signed(call, b"[]"),
    "already_subscribed": lambda call: _opening_fails(call, AlreadySubscribed()),
    "stripe_unavailable": lambda call: _opening_fails(call, StripeUnavailable("why")),
    "stripe_busy": lambda call: _opening_fails(call, StripeUnavailable("why", "busy")),
    "stripe_key_refused": lambda call: _opening_fails(call, StripeUnavailable("why", "key")),
    "portal_not_set_up": _stripe_refuses("portal"),
    "mixed_currencies": _stripe_refuses("currency"),
    "price_archived": _stripe_refuses("archived"),
    "card_refused": _stripe_refuses("card"),
    "stripe_conflict": _stripe_refuses("idempotency"),
    "stripe_refused": _stripe_refuses("refused"),
}
#: Of the server that reads bodies: tests/config/test_rsgi.py and tests/security/test_half_requests.py provoke them.
OF_THE_SERVER = {"body_timeout", "busy", "unknown_transfer_coding"}
TWICE = {"rate_limited"}
