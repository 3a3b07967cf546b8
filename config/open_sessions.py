"""The open sessions of a user: record, list and end them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from config.models import OpenSession

#: A session of staff ends after so long without a request (ASVS 5.0, 7.3.1). Others last SESSION_COOKIE_AGE.
STAFF_IDLE = timedelta(hours=12)
# A session's row is written at most this often, so its last use is exact to ten minutes.
_GRAIN = timedelta(minutes=10)
_NOTED = "noted"
# The first match counts: most agent strings name several browsers.
_FAMILIES = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
             ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip


@dataclass(frozen=True)
class ShownSession:
    """A session as its user sees it. browser: its family, "" for an unknown one."""

    begun_at: datetime
    seen_at: datetime
    browser: str
    is_this: bool


def note_session(request: HttpRequest, *, now: datetime | None = None) -> None:
    """Record the use of a user's session, and restart the 12 hours of a session of staff.

    Only when the response used the session: a public page must stay the same for all. One write in ten minutes.
    """
    session: Any = request.session
    if not session.accessed or SESSION_KEY not in session or not session.session_key:
        return
    now = now or timezone.now()
    mark = session.get(_NOTED) or ["", 0]
    if mark[0] == session.session_key and 0 <= now.timestamp() - mark[1] < _GRAIN.total_seconds():
        return
    user: Any = request.user
    if not user.is_authenticated:
        return
    if user.is_staff:
        session.set_expiry(int(STAFF_IDLE.total_seconds()))
    session[_NOTED] = [session.session_key, int(now.timestamp())]
    facts = {"user": user, "seen_at": now, "browser": browser_family(request.META.get("HTTP_USER_AGENT", ""))}
    OpenSession.objects.update_or_create(session_key=session.session_key, defaults=facts)


def list_sessions(user: Any, current: str | None, *, now: datetime | None = None) -> list[ShownSession]:
    """The user's open sessions: the one with key `current` first, then by last use, newest first."""
    rows = OpenSession.objects.filter(user=user, session_key__in=_open(now)).order_by("-seen_at")[:100]
    shown = [ShownSession(row.begun_at, row.seen_at, row.browser, row.session_key == current) for row in rows]
    return sorted(shown, key=lambda one: not one.is_this)


def end_other_sessions(user: Any, current: str | None) -> int:
    """End every session of the user except the one with key `current`; return how many."""
    rows = OpenSession.objects.filter(user=user).exclude(session_key=current or "")
    ended, _ = Session.objects.filter(session_key__in=list(rows.values_list("pk", flat=True))).delete()
    rows.delete()
    return ended


def _open(now: datetime | None) -> Any:
    return Session.objects.filter(expire_date__gt=now or timezone.now()).values("session_key")


def browser_family(agent: str) -> str:
    """The well-known browser that an agent string names, or ""."""
    return next((family for sign, family in _FAMILIES if sign in agent[:512]), "")
