"""Signs events as Standard Webhooks (https://www.standardwebhooks.com/, specification 1.0.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

import orjson

from kv.models import EventReceiver, OutgoingEvent
from kv.times import iso

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """`whsec_` and 32 random bytes, base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def message_id(receiver: EventReceiver, event: OutgoingEvent) -> str:
    """The `webhook-id`: the same for each try, also when the same event was deleted and emitted again.

    The receiver's own moment is in it, so that two sites that post to one address never share an id.
    """
    text = f"{receiver.pk}\n{receiver.created_at.timestamp()}\n{event.type}\n{event.key}"
    return "evt_" + hashlib.sha256(text.encode()).hexdigest()[:32]


def body_of(event: OutgoingEvent) -> bytes:
    """The JSON that is posted: {"type", "timestamp" (ISO 8601, UTC: when it happened), "data"}."""
    return orjson.dumps({"type": event.type, "timestamp": iso(event.at), "data": event.data})


def valid_secrets(receiver: EventReceiver, now: datetime) -> list[str]:
    """The secret, and the one before it as long as that is valid."""
    is_valid = receiver.old_secret and receiver.old_secret_until and now < receiver.old_secret_until
    return [receiver.secret, *([receiver.old_secret] if is_valid else [])]


def sign(body: bytes, *, message: str, at: int, secrets: Iterable[str]) -> dict[str, str]:
    """The three headers. at: seconds since 1970, of this try."""
    signed = f"{message}.{at}.".encode() + body
    signatures = ["v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode() for secret in secrets]
    return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX))
