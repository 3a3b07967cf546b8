"""Mails about accounts, queued in the transaction of what they tell; the worker sends them (`config.mail_sending`)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from config.models import AccountMail
from kv.errors import StoreUnavailable
from kv.mail import is_mail_set_up
from kv.work.duties import wake_duty

#: The kinds of mail. CONFIRM goes to the address that waits for its link, RESET, PASSWORD and CODES to the user's own,
#: CHANGED and REMOVED to the one before.
CONFIRM, RESET, CHANGED, REMOVED, PASSWORD, CODES = "confirm", "reset", "changed", "removed", "password", "codes"
#: The duty that sends them.
DUTY = "site_mail"


def queue_mail(kind: str, user: Any, *, language: str, address: str = "", now: datetime | None = None) -> None:
    """Queue a mail, in place of one of its kind to the same user that still waits. Without mail set up: nothing.

    user:     None queues a mail that is never sent, so that it takes as long.
    language: the reader's, such as "fr".
    address:  where to, unless `kind` says it.
    """
    if not is_mail_set_up() or (kind in (PASSWORD, CODES) and not user.email):
        return
    now = now or timezone.now()
    with transaction.atomic():
        AccountMail.objects.filter(kind=kind, user=user, address=address).delete()
        AccountMail.objects.create(kind=kind, user=user, address=address, language=language, asked_at=now, due_at=now)
        transaction.on_commit(_wake)


def drop_mail(kind: str, user: Any) -> None:
    """Take back a mail that still waits."""
    AccountMail.objects.filter(kind=kind, user=user).delete()


def is_delayed(kind: str, user: Any) -> bool:
    """Whether a mail of this kind to the user still waits after the mail server failed."""
    return AccountMail.objects.filter(kind=kind, user=user, tries__gt=0).exists()


def _wake() -> None:
    """Have the worker send it at once; without the store it does so when its time comes."""
    with suppress(StoreUnavailable):
        wake_duty(DUTY)
