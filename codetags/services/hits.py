"""Count hits of codes."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from codetags import keys
from codetags.conf import CODE_LIMIT, CODES_LIMIT, app_settings
from codetags.services.calendar import milliseconds_of
from codetags.types import Outcome
from kv.addresses import address_hash
from kv.agents import AGENT_LENGTH
from kv.days import local_day
from kv.scripts import Script
from kv.throttling import RateLimit, RateLimited

_MICROSECONDS = 1_000_000
_OUTCOMES = {outcome.value.encode(): outcome for outcome in Outcome}

record_hit_script = Script("codetags", "record_hit")


def record_hit(*, code: str, address: str, agent: str, now: datetime | None = None) -> Outcome:
    """Count one hit of a well-formed code, once for each visitor within CODETAGS_BACKSTOP_SECONDS; one round trip.

    address: canonical, see kv.addresses. agent: the browser's name for itself. Neither is kept: a keyed fingerprint of
    both, different for each code, stands for the visitor as long as the backstop lasts, by the server's clock.
    Raises RateLimited or StoreUnavailable, having counted nothing.
    """
    visitor = address_hash(address)
    settings = app_settings
    # Read only where there is a sink: a setting that the project leaves out costs 5 µs.
    sink = (
        (secrets.token_hex(16), settings.QR_ANALYTICS_EXTERNAL_MAX_WAITING)
        if settings.QR_ANALYTICS_EXTERNAL_URL
        else ("", 0)
    )
    reply = record_hit_script.run(
        keys.hit(code, _fingerprint(visitor, code, agent), visitor.hex()[:32]),
        (
            code,
            local_day(now).isoformat(),
            settings.CODETAGS_BACKSTOP_SECONDS,
            settings.CODETAGS_MAX_UNKNOWN,
            keys.OTHER,
            *_limit(CODE_LIMIT),
            *_limit(CODES_LIMIT),
            *sink,
            milliseconds_of(now) if now else "",
        ),
    )
    return _outcome(reply)


def _outcome(reply: Any) -> Outcome:
    if reply[0] == b"limited":
        raise RateLimited(CODE_LIMIT if reply[1] == b"code" else CODES_LIMIT, -(-reply[2] // _MICROSECONDS))
    return _OUTCOMES[reply[0]]


def _limit(limit: RateLimit) -> tuple[int, int]:
    window = limit.window
    return (window.amount, window.seconds * _MICROSECONDS) if window else (0, 0)


def _fingerprint(visitor: bytes, code: str, agent: str) -> str:
    text = f"{code}\n{agent[:AGENT_LENGTH]}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=visitor, digest_size=12).hexdigest()
