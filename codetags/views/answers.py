"""What both ways to a hit answer: the view in `codetags.views.api`, and the fast lane in `codetags.views.lane`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import orjson

from codetags.services import audiences, codes, excluded_hits, exclusions, hits
from codetags.services.cookies import COUNTED_SECONDS
from codetags.types import Outcome, Reason
from kv.conf import django_settings
from kv.errors import StoreUnavailable
from kv.store.steps import Steps
from kv.web.addresses import address_in
from kv.web.lane.calls import CookieOptions

# The smallest GIF: one transparent pixel.
_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")


class Hit(NamedTuple):
    """A hit that was counted or not. remembered: the new value of the cookie; "" to leave it."""

    code: str
    is_counted: bool = False
    remembered: str = ""

    def content(self, meta: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
        """Headers and body of the answer: a picture for an image in a page. meta: the WSGI environment."""
        is_picture = meta.get("HTTP_ACCEPT", "").lstrip().startswith("image/")
        body = _PIXEL if is_picture else orjson.dumps({"code": self.code, "counted": self.is_counted})
        return {"Content-Type": "image/gif" if is_picture else "application/json", "Cache-Control": "no-store"}, body


def why_excluded(meta: Mapping[str, str], *, method: str, is_staff: Callable[[], bool]) -> Reason | None:
    """Why a call of this caller is not counted; None when it may be. meta: the WSGI environment."""
    reason = exclusions.exclusion(method, meta)
    return Reason.STAFF if reason is None and is_staff() else reason


class Landing(NamedTuple):
    """What a call says of a landing, all but its code: an id, the placement and the referring host, each "" = none."""

    id: str = ""
    at: str = ""
    referrer: str = ""


def count(meta: Mapping[str, str], *, code: str, landing: Landing, cookie: str, reason: Reason | None) -> Steps[Hit]:
    """Count a hit, unless there is a reason not to. cookie: with the codes of the visitor, "" without one.

    Raises RateLimited or StoreUnavailable.
    """
    known = codes.read_remembered(cookie)
    if reason is None and (code in known or hits.target_of(code) in known):
        reason = Reason.REPEAT
    if reason is not None:
        yield from exclude(code=code, reason=reason)
        return Hit(code)
    outcome = yield from hits.record_hit_steps(
        code=code,
        caller=hits.Caller(address_in(meta), meta.get("HTTP_USER_AGENT", ""), _traits(meta)),
        landing=landing.id,
        remembered=known,
        at=landing.at,
        audience=audiences.read_audience(meta, referrer=landing.referrer),
    )
    # No cookie for SEEN, which may be another visitor, nor for OUTSIDE, since the visitor may come again.
    is_known = outcome in (Outcome.COUNTED, Outcome.AGAIN)
    remembered = codes.write_remembered(known, hits.target_of(code), code) if is_known else ""
    return Hit(code, outcome is Outcome.COUNTED, remembered)


def _traits(meta: Mapping[str, str]) -> str:
    """What a browser sends with every call."""
    get = meta.get
    return f"{get('HTTP_ACCEPT_LANGUAGE', '')}\n{get('HTTP_SEC_CH_UA', '')}\n{get('HTTP_SEC_CH_UA_PLATFORM', '')}"


def exclude(*, reason: Reason, code: str = "") -> Steps[None]:
    """Count a call that is not counted. It is answered also while the store is unavailable."""
    with suppress(StoreUnavailable):
        yield from excluded_hits.exclude_hit_steps(code, reason)


def cookie_options(*, is_secure: bool) -> CookieOptions:
    """What the cookie is set with.

    SameSite as the session's cookie, which is "None" for front ends on other sites. Browsers take "None" with https
    only.
    """
    is_elsewhere = django_settings.SESSION_COOKIE_SAMESITE == "None" and is_secure
    return CookieOptions(COUNTED_SECONDS, is_secure, httponly=True, samesite="None" if is_elsewhere else "Lax")
