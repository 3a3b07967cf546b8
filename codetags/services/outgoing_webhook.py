"""The outgoing webhook for counted hits: signed POSTs on one connection."""

from __future__ import annotations

import hmac
import time
from datetime import UTC
from types import TracebackType
from typing import Self

import orjson

from codetags.conf import app_settings
from codetags.errors import UnsafeWebhookAddress
from codetags.types import Event
from kv.events import webhooks
from kv.events.addresses import AddressRules, check_webhook_address

SIGNATURE_HEADER = "Countinghouse-Signature"


def sign(body: bytes, *, secret: str, at: int) -> str:
    """The signature header's value: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""
    digest = hmac.digest(secret.encode(), b"%d." % at + body, "sha256").hex()
    return f"t={at},v1={digest}"


def payload(event: Event) -> bytes:
    """The JSON that is posted: {"code", "timestamp" (ISO 8601, UTC), "id"}."""
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"code": event.code, "timestamp": at, "id": event.id})


def check_address(url: str) -> None:
    """Check QR_ANALYTICS_EXTERNAL_URL without looking up its name. Raises UnsafeWebhookAddress."""
    check_webhook_address(url, _rules())


def _rules() -> AddressRules:
    setting = "QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE"
    return AddressRules(setting, app_settings.QR_ANALYTICS_EXTERNAL_ALLOW_PRIVATE, is_own_machine_allowed=True)


class WebhookConnection:
    """A connection to QR_ANALYTICS_EXTERNAL_URL, as `kv.events.webhooks` has it; signs what it posts.

    Raises UnsafeWebhookAddress when the settings allow no POST, WebhookUnavailable when the receiver can't be reached.
    """

    def __init__(self) -> None:
        self._secret = app_settings.QR_ANALYTICS_EXTERNAL_SECRET
        if not self._secret:
            raise UnsafeWebhookAddress("QR_ANALYTICS_EXTERNAL_SECRET is not set, and nothing is posted unsigned")
        self._connection = webhooks.WebhookConnection(
            app_settings.QR_ANALYTICS_EXTERNAL_URL,
            _rules(),
            timeout=app_settings.QR_ANALYTICS_EXTERNAL_TIMEOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.__exit__(kind, error, traceback)

    def post(self, event: Event) -> None:
        """One signed POST; returns when the receiver has answered 2xx. Raises WebhookRefused or WebhookUnavailable."""
        body = payload(event)
        signature = sign(body, secret=self._secret, at=int(time.time()))
        self._connection.post(body, {SIGNATURE_HEADER: signature})
