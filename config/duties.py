"""Background work of the site itself: see kv.work.duties."""

from __future__ import annotations

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils import timezone

from config.mail_queue import DUTY
from config.models import AccountMail, EmailAddress, OpenSession
from config.token_notes import tidy_notes
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


def clear_addresses() -> bool:
    """Delete addresses whose link is too old, at most STEP of them; True when more may be left."""
    from config.verification import LINK_AGE

    over = EmailAddress.objects.filter(verified_at=None, asked_at__lt=timezone.now() - LINK_AGE)
    found = list(over.order_by("asked_at").values_list("pk", flat=True)[:STEP])
    over.filter(pk__in=found).delete()
    return len(found) == STEP


def send_mails() -> bool:
    """Send mails about accounts that are due; True when more may be due. What it needs is imported with the first."""
    if not AccountMail.objects.exists():
        return False
    from config import mail_sending

    return mail_sending.send_mails()


DUTIES = (
    Duty("site_sessions", every=86400, lease=60, run=clear_sessions),
    Duty("site_tokens", every=86400, lease=60, run=tidy_notes),
    Duty("site_attempts", every=3600, lease=60, run=clear_attempts),
    Duty("site_addresses", every=3600, lease=60, run=clear_addresses),
    Duty(DUTY, every=5, lease=120, run=send_mails, wakes=True),
)
