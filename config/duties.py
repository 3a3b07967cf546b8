"""Background work of the site itself: see kv.work.duties."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from config.models import OpenSession
from kv.work.duties import Duty

#: Rows of one step. SQLite takes one write at a time, so somebody's own may wait for a step: a few milliseconds.
STEP = 500


def clear_sessions() -> bool:
    """Delete sessions that have expired, at most STEP of them; True when more may be left.

    Nobody else does: a session goes by itself only when its owner logs out. The same as Django's `clearsessions`, which
    deletes all of them in one statement.
    """
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    found = list(expired.order_by("expire_date").values_list("pk", flat=True)[:STEP])
    expired.filter(pk__in=found).delete()
    over = OpenSession.objects.exclude(session_key__in=Session.objects.values("session_key"))
    gone = list(over.values_list("pk", flat=True)[:STEP])
    over.filter(pk__in=gone).delete()
    return STEP in (len(found), len(gone))


def clear_attempts() -> bool:
    """Delete wrong log-ins that keep nobody out any more, at most STEP of them; True when more may be left.

    axes does so itself when somebody signs in; on a site where nobody does they would stay.
    """
    over = AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - settings.AXES_COOLOFF_TIME)
    found = list(over.order_by("attempt_time").values_list("pk", flat=True)[:STEP])
    over.filter(pk__in=found).delete()
    return len(found) == STEP


DUTIES = (
    Duty("site_sessions", every=86400, lease=60, run=clear_sessions),
    Duty("site_attempts", every=3600, lease=60, run=clear_attempts),
)
