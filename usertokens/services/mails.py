"""The outbox of mails: what is to be sent is written to the database, in the transaction of whoever queues it.

`mail_sending` sends it: at least once, and once for each event unless a process is killed between the server's answer
and the note of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min, QuerySet

from kv.process.lazy import LazyModule
from kv.times import utc_now
from usertokens.conf import mails_are_on
from usertokens.services.mail_kinds import find_kind
from usertokens.types import MailState

if TYPE_CHECKING:
    from usertokens import models
    from usertokens.services import mail_choices
else:
    # Whoever applies a payment imports this module, also in a project that has no users' tokens installed.
    models = LazyModule("usertokens.models")
    mail_choices = LazyModule("usertokens.services.mail_choices")

#: A mail that could not be sent for so long is thrown away, also where mail was switched off meanwhile.
MAX_AGE = timedelta(days=14)
#: Mails that are sent, or were not to be, are deleted after this time. No event is told again so late.
RETENTION = timedelta(days=90)
_WAITS = (MailState.WAITING, MailState.SENDING)
_BATCH = 500


def queue_mail(user_id: str, kind: str, key: str, data: Mapping[str, Any], *, now: datetime | None = None) -> bool:
    """Put a mail into the outbox, within the caller's transaction; False when there is one about this event already.

    key:  names the event within its kind, at most 255 characters: one mail is sent for each.
    data: what the mail says, for JSON. It is stored, so it holds no address.
    Where mails are off, nothing is queued. Whether the user wants it, and where it goes, is asked when it is sent.
    Raises UnknownMailKind.
    """
    if not mails_are_on():
        return False
    find_kind(kind)
    now = now or utc_now()
    defaults = {
        "user_id": user_id,
        "data": dict(data),
        "language": lambda: mail_choices.language_of(user_id),  # asked for a new mail alone
        "created_at": now,
        "due_at": now,
    }
    _, is_new = models.OutgoingMail.objects.get_or_create(kind=kind, key=key, defaults=defaults)
    return is_new


def waiting_count() -> int:
    """How many mails wait to be sent."""
    return models.OutgoingMail.objects.filter(state__in=_WAITS).count()


def count_mails() -> dict[str, int]:
    """The number of mails by state; states without mails are left out."""
    return dict(models.OutgoingMail.objects.values_list("state").annotate(Count("pk")).order_by())


def oldest_waiting() -> datetime | None:
    """When the oldest mail that waits was queued; None: there is none."""
    found: datetime | None = models.OutgoingMail.objects.filter(state__in=_WAITS).aggregate(oldest=Min("created_at"))[
        "oldest"
    ]
    return found


def retry_mails(mails: QuerySet[models.OutgoingMail], *, now: datetime | None = None) -> int:
    """Have failed mails sent again, as if they were queued now; how many."""
    now = now or utc_now()
    return mails.filter(state=MailState.FAILED).update(
        state=MailState.WAITING.value, attempts=0, note="", due_at=now, created_at=now
    )


def tidy_mails(*, now: datetime | None = None) -> bool:
    """Delete some mails that are done with, or too old to be sent; True when more may be left."""
    now = now or utc_now()
    old = models.OutgoingMail.objects.filter(created_at__lt=now - RETENTION).values_list("pk", flat=True)[:_BATCH]
    late = models.OutgoingMail.objects.filter(
        state__in=_WAITS, created_at__lt=now - MAX_AGE, due_at__lte=now
    ).values_list("pk", flat=True)[:_BATCH]
    found = [list(old), list(late)]
    for some in found:
        models.OutgoingMail.objects.filter(pk__in=some).delete()
    return any(len(some) == _BATCH for some in found)
