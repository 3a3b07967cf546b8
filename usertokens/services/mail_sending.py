"""Sends what is in the outbox, by Django's mail settings.

A mail is claimed in a short transaction, sent outside it, and then marked. Who dies in between leaves a claim that ends
by itself: the mail is sent again under the same Message-ID. Neither address nor text of a mail is logged or stored.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from logging import getLogger
from typing import TYPE_CHECKING, Any

from django import VERSION
from django.contrib.auth.models import AbstractBaseUser
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, connections, router

from kv.errors import StoreUnavailable
from kv.process.lazy import LazyModule
from kv.sql.transactions import atomic_for
from kv.times import utc_now
from usertokens.conf import mails_are_on
from usertokens.errors import MailNotYet, MailServerAway, UnknownMailKind, UnknownUser
from usertokens.models import OutgoingMail
from usertokens.services.mail_choices import is_wanted
from usertokens.services.mail_kinds import find_kind
from usertokens.services.mail_texts import make_message
from usertokens.services.mails import MAX_AGE
from usertokens.services.notices import queue_falls
from usertokens.services.users import find_user
from usertokens.types import MailState

if TYPE_CHECKING:
    import smtplib
else:
    smtplib = LazyModule("smtplib")

log = getLogger(__name__)

#: How long a claim lasts. After a crash the mail is claimed again at its end.
LEASE = timedelta(minutes=10)
#: Seconds before each further try of a mail that the server has refused. After the last one it has failed.
BACKOFF = (60, 300, 1800, 7200, 6 * 3600, 12 * 3600, 24 * 3600)
#: Tries of a mail that the server has refused for good (a status of 500 or more).
FINAL_TRIES = 3
#: When to look again at a mail whose event has not happened yet.
_LATER = timedelta(minutes=1)
#: The length of a step, seconds.
_STEP_SECONDS = 2.0
_FOR_GOOD = 500
_MAILERS_SINCE = (6, 1)


class _NotSent(Exception):
    """The mail is not to be sent. args: why, as the admin shows it."""


def send_mails(*, now: datetime | None = None) -> bool:
    """One step: queue mails about balances that have fallen, then send what is due. True when more waits.

    now: for tests; None: the present moment of each mail.
    Raises MailServerAway, StoreUnavailable or Django's DatabaseError: the step is repeated later, and nothing is lost.
    """
    if not mails_are_on():
        return False
    queue_falls(now=now)
    connection = _mail_server()
    until = time.monotonic() + _STEP_SECONDS
    try:
        while (mail := claim_mail(now=now)) is not None:
            send_mail(mail, connection, now=now)
            if time.monotonic() > until:
                return True
    finally:
        _close(connection)
    return False


def claim_mail(*, now: datetime | None = None) -> OutgoingMail | None:
    """Claim the mail that is due first; None when there is none. Of several workers only one gets it."""
    now = now or utc_now()
    with atomic_for(OutgoingMail):
        # One state at a time: so the index has them in their order, however many wait.
        mail = _first_due(MailState.WAITING, now) or _first_due(MailState.SENDING, now)
        if mail is None:
            return None
        # Where a database locks no rows, the compare and set lets one worker through.
        claimed = OutgoingMail.objects.filter(pk=mail.pk, state=mail.state, due_at=mail.due_at).update(
            state=MailState.SENDING.value, due_at=now + LEASE, attempts=mail.attempts + 1
        )
    if not claimed:
        return None
    mail.state, mail.due_at, mail.attempts = MailState.SENDING.value, now + LEASE, mail.attempts + 1
    return mail


def send_mail(mail: OutgoingMail, connection: BaseEmailBackend, *, now: datetime | None = None) -> None:
    """Send one claimed mail, and set its state. Raises MailServerAway or StoreUnavailable: it is in the queue again."""
    now = now or utc_now()
    try:
        message = _ready(mail, now)
    except UnknownUser:
        OutgoingMail.objects.filter(pk=mail.pk).delete()
        return
    except _NotSent as reason:
        _move(mail, MailState.SKIPPED, note=str(reason))
        return
    except MailNotYet:
        _release(mail, now + _LATER)
        return
    except StoreUnavailable:
        _release(mail, now)
        raise
    except DatabaseError:
        raise
    except Exception as error:
        # A bug in one kind of mail must not stop the mails behind it
        # (shown by tests/usertokens/test_mail_failures.py::test_of_one_mail_do_not_stop_the_others).
        log.exception("mails: a mail of the kind %s could not be written", mail.kind)
        _retry(mail, type(error).__name__, now)
        return
    _deliver(mail, message, connection, now)


def _ready(mail: OutgoingMail, now: datetime) -> EmailMultiAlternatives:
    """The message as it is right now. Raises _NotSent, UnknownUser, MailNotYet, StoreUnavailable."""
    user = find_user(mail.user_id)
    address = _address_of(user)
    if not user.is_active:
        raise _NotSent("inactive")
    if not address:
        raise _NotSent("no_address")
    try:
        kind, is_on = find_kind(mail.kind), is_wanted(mail.user_id, mail.kind)
    except UnknownMailKind:
        raise _NotSent("unknown_kind") from None
    if not is_on:
        raise _NotSent("switched_off")
    if now - mail.created_at > MAX_AGE:
        raise _NotSent("old")
    data: Mapping[str, Any] | None = kind.check(mail.user_id, mail.data, now)
    if data is None:
        raise _NotSent("stale")
    return make_message(mail, data, address)


def _deliver(mail: OutgoingMail, message: EmailMultiAlternatives, connection: BaseEmailBackend, now: datetime) -> None:
    try:
        connection.open()  # which stays open for the mails behind it
    except (OSError, smtplib.SMTPException, UnicodeError) as error:  # no connection, no log-in, no possible host
        _release(mail, now)
        raise _away(error) from None
    try:
        connection.send_messages([message])
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
        # The error's own text quotes the address.
        status = _status_of(error)
        log.warning("mails: the server has refused a mail of the kind %s: %s", mail.kind, status)
        _retry(mail, f"refused: {status}", now, tries=FINAL_TRIES if status >= _FOR_GOOD else None)
    except smtplib.SMTPSenderRefused as error:  # DEFAULT_FROM_EMAIL: all mails have the same
        _release(mail, now)
        raise _away(error) from None
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        # It may be this mail on which the server ends the connection, so others go first from now on
        # (shown by tests/usertokens/test_mail_failures.py::test_a_mail_on_which_the_server_hangs_up_stops_no_others).
        wait = BACKOFF[min(mail.attempts, len(BACKOFF)) - 1]
        _move(mail, MailState.WAITING, note=type(error).__name__, due_at=now + timedelta(seconds=wait))
        raise _away(error) from None
    except Exception as error:  # noqa: BLE001 (a backend of the project's own may raise anything)
        log.warning("mails: a mail of the kind %s could not be sent: %s", mail.kind, type(error).__name__)
        _retry(mail, type(error).__name__, now)
    else:
        _move(mail, MailState.SENT, note="", sent_at=now)
        return
    _close(connection)


def _away(error: Exception) -> MailServerAway:
    return MailServerAway(f"the mail server can't be used: {type(error).__name__}")


def _mail_server() -> BaseEmailBackend:
    django: Any = django_mail  # of which each version has one of both
    server: BaseEmailBackend = django.mailers["default"] if VERSION >= _MAILERS_SINCE else django.get_connection()
    return server


def _first_due(state: MailState, now: datetime) -> OutgoingMail | None:
    due = OutgoingMail.objects.filter(state=state, due_at__lte=now).order_by("due_at", "pk")
    features = connections[router.db_for_write(OutgoingMail)].features
    if features.has_select_for_update:  # SQLite has one writer at a time
        due = due.select_for_update(skip_locked=features.has_select_for_update_skip_locked)
    return due.first()


def _address_of(user: AbstractBaseUser) -> str:
    return str(getattr(user, user.get_email_field_name(), "") or "")


def _status_of(error: Exception) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((int(code) for code, _ in error.recipients.values()), default=0)
    return int(getattr(error, "smtp_code", 0))


def _retry(mail: OutgoingMail, reason: str, now: datetime, *, tries: int | None = None) -> None:
    """Try again later, each time after a longer wait. After the last try the mail has failed."""
    if mail.attempts >= (tries or len(BACKOFF) + 1):
        _move(mail, MailState.FAILED, note=reason[:60])
        return
    wait = timedelta(seconds=BACKOFF[mail.attempts - 1])
    _move(mail, MailState.WAITING, note=reason[:60], due_at=now + wait)


def _release(mail: OutgoingMail, due_at: datetime) -> None:
    """Put the mail back without counting the try: the reason was not about this mail."""
    _move(mail, MailState.WAITING, due_at=due_at, attempts=max(mail.attempts - 1, 0))


def _move(mail: OutgoingMail, state: MailState, **fields: Any) -> None:
    # Only under this worker's own claim: after its end another worker may have claimed the mail.
    OutgoingMail.objects.filter(pk=mail.pk, state=MailState.SENDING, due_at=mail.due_at).update(
        state=state.value, **fields
    )


def _close(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except Exception as error:  # noqa: BLE001 (what was sent is sent)
        log.info("mails: the connection ended with %s", type(error).__name__)
