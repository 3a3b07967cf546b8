"""Sends queued mails about accounts, each at least once. The worker runs it, and holds no transaction meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from logging import getLogger
from time import monotonic

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language_bidi, override

from config.letters import Letter, compose_letter, site_name
from config.mail_queue import RESET
from config.models import AccountMail
from kv.mail import is_mail_set_up

log = getLogger(__name__)

#: Mails of one step.
STEP = 20
# Older mails are dropped: their links would be too old, and their news too.
_LONGEST = timedelta(hours=24)
# The length of a step: a shutdown waits for its end.
_STEP_SECONDS = 2.0
_FIRST_PAUSE = 15
_LONGEST_PAUSE = 3600


def send_mails(*, now: datetime | None = None) -> bool:
    """Send mails that are due, at most STEP of them and for two seconds; True when more may be due.

    While the server can't be reached each failure is logged, without an address, and the mails wait: 15 s, then twice
    as long each time, at most an hour.
    """
    now = now or timezone.now()
    found = list(AccountMail.objects.filter(due_at__lte=now).select_related("user").order_by("due_at", "pk")[:STEP])
    until = monotonic() + _STEP_SECONDS
    for done, mail in enumerate(found):
        if done and monotonic() > until:
            return True
        try:
            message = None if _is_too_old(mail, now) else _compose(mail, now)
        except DatabaseError:
            raise
        except Exception:  # a fault in one mail must not stop those behind it
            log.exception("account mail %s: could not be written, next try in %d s", mail.kind, _wait(mail, now))
            continue
        if message is not None and not _send(mail, message, now):
            return False  # the next would fail too
        AccountMail.objects.filter(pk=mail.pk).delete()
    return len(found) == STEP


def _compose(mail: AccountMail, now: datetime) -> EmailMultiAlternatives | None:
    """The message; None when there is nothing to say any more, or when it can't be a mail."""
    letter = compose_letter(mail, now=now)
    if letter is None:
        return None
    try:
        message = build_message(mail, letter)
        message.message()  # what is no mail is none at the next try either
    except ValueError as error:
        log.warning("account mail %s: refused for good (%s)", mail.kind, type(error).__name__)
        return None
    return message


def _wait(mail: AccountMail, now: datetime) -> int:
    """Have the mail wait; for how many seconds."""
    pause: int = min(_FIRST_PAUSE * 2 ** min(mail.tries, 20), _LONGEST_PAUSE)
    AccountMail.objects.filter(pk=mail.pk).update(tries=mail.tries + 1, due_at=now + timedelta(seconds=pause))
    return pause


def _is_too_old(mail: AccountMail, now: datetime) -> bool:
    longest = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT) if mail.kind == RESET else _LONGEST
    return not is_mail_set_up() or now - mail.asked_at > longest


def _send(mail: AccountMail, message: EmailMultiAlternatives, now: datetime) -> bool:
    """Send it; True when it is dealt with: taken by the server, or refused for good."""
    try:
        message.send()
    except (ValueError, OSError) as error:  # OSError: smtplib's exceptions are of it
        if _is_final(error):
            log.warning("account mail %s: refused for good (%s)", mail.kind, type(error).__name__)
            return True
        pause = _wait(mail, now)
        log.warning("account mail %s: not sent (%s), next try in %d s", mail.kind, type(error).__name__, pause)
        return False
    return True


def build_message(mail: AccountMail, letter: Letter) -> EmailMultiAlternatives:
    """The letter as text and as HTML. Sent twice it is one mail for its reader: the Message-ID is the same."""
    with override(mail.language):
        context = {
            "letter": letter,
            "subject": letter.subject,
            "site": site_name(),
            "home": settings.SITE_URL,
            "language": mail.language,
            "is_bidi": get_language_bidi(),
        }
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=render_to_string("accounts/mails/letter.txt", context),
            to=[letter.to],
            headers={
                "Message-ID": f"<account-{mail.pk}-{int(mail.asked_at.timestamp() * 1000)}@{site_name()}>",
                "Auto-Submitted": "auto-generated",  # RFC 3834: no absence note answers it
                "Content-Language": mail.language,
            },
        )
        message.attach_alternative(render_to_string("accounts/mails/letter.html", context), "text/html")
    return message


def _is_final(error: Exception) -> bool:
    """Whether another try can't help: the address, or the message, is refused for good (RFC 5321: 5yz)."""
    if not isinstance(error, OSError):
        return not isinstance(error, UnicodeError)  # which comes of a host in EMAIL_URL that can't be one
    # A certificate that does not count is an OSError and a ValueError.
    import smtplib  # here: the site's start does without it

    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())  # noqa: PLR2004 (an SMTP reply code)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return False  # EMAIL_URL is wrong: mended, all that waits is sent
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500  # noqa: PLR2004 (an SMTP reply code)
