"""Background work of the site itself: see kv.work.duties."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils import timezone

from config.models import OpenSession
from kv.work.duties import Duty

#: Rows of one step. SQLite allows one writer, so a request may wait for a step: a few milliseconds.
STEP = 500


def clear_sessions() -> bool:
    """Delete expired sessions, at most STEP of them; True when more may be left.

    Django deletes a session only when its user logs out. Its command `clearsessions` deletes all in one statement.
    """
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    found = list(expired.order_by("expire_date").values_list("pk", flat=True)[:STEP])
    expired.filter(pk__in=found).delete()
    over = OpenSession.objects.filter(~Exists(Session.objects.filter(pk=OuterRef("pk"))))
    over.filter(pk__in=found).delete()
    if len(found) == STEP:
        return True
    # Those whose session was deleted in another way: to find them, all are compared, so only once all others are gone.
    gone = list(over.values_list("pk", flat=True)[:STEP])
    over.filter(pk__in=gone).delete()
    return len(gone) == STEP


def clear_attempts() -> bool:
    """Delete failed log-ins older than the lockout, at most STEP of them; True when more may be left.

    axes deletes them only when somebody logs in.
    """
    over = AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - settings.AXES_COOLOFF_TIME)
    found = list(over.order_by("attempt_time").values_list("pk", flat=True)[:STEP])
    over.filter(pk__in=found).delete()
    return len(found) == STEP


DUTIES = (
    Duty("site_sessions", every=86400, lease=60, run=clear_sessions),
    Duty("site_attempts", every=3600, lease=60, run=clear_attempts),
)
