"""A user's e-mail address: claimed, verified by a one-time link, changed, removed."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from config.account_codes import count_account_codes
from config.addresses import address_key
from config.mail_queue import CHANGED, CONFIRM, REMOVED, drop_mail, queue_mail
from config.models import EmailAddress
from config.recovery_codes import lock_user

#: How long a link is valid.
LINK_AGE = timedelta(hours=24)
_SALT = "config.verification"


class InvalidLink(Exception):
    """The link was used, is too old, was replaced by a newer one, or is of another account. Nothing was changed."""


class AddressTaken(Exception):
    """Another account has the address by now. The claim is dropped."""


def claim_address(user: Any, address: str, *, language: str, now: datetime | None = None) -> None:
    """Remember the address, and queue a mail with a link to it, in place of any earlier claim of the user.

    address: as `normalize_address` returns it. It may be another user's: only the mail says so.
    """
    with transaction.atomic():
        lock_user(user)
        EmailAddress.objects.filter(user=user, verified_at=None).delete()
        EmailAddress.objects.create(
            user=user, address=address, key=address_key(address), asked_at=now or timezone.now()
        )
        queue_mail(CONFIRM, user, language=language, now=now)


def waiting_address(user: Any, *, now: datetime | None = None) -> EmailAddress | None:
    """The user's claim whose link is still valid."""
    since = (now or timezone.now()) - LINK_AGE
    return EmailAddress.objects.filter(user=user, verified_at=None, asked_at__gt=since).first()


def drop_claim(user: Any) -> None:
    """Forget the address that waits for its link."""
    EmailAddress.objects.filter(user=user, verified_at=None).delete()
    drop_mail(CONFIRM, user)


def link_secret(row: EmailAddress) -> str:
    """The secret of the claim's link: 43 letters, digits, `-` and `_`. It is stored nowhere."""
    text = f"{row.user_id}:{row.key}:{row.asked_at.timestamp():.6f}"
    return urlsafe_b64encode(salted_hmac(_SALT, text, algorithm="sha256").digest()).decode().rstrip("=")


def find_claim(user: Any, secret: str, *, now: datetime | None = None) -> EmailAddress:
    """The user's claim of this link. Raises InvalidLink."""
    row = waiting_address(user, now=now)
    if row is None or not constant_time_compare(link_secret(row), secret):
        raise InvalidLink
    return row


def confirm_address(user: Any, secret: str, *, language: str, now: datetime | None = None) -> str:
    """Make the claimed address the user's, tell the old address, and return the new one.

    Raises InvalidLink or AddressTaken.
    """
    try:
        with transaction.atomic():
            lock_user(user)
            row = find_claim(user, secret, now=now)
            _drop_outdated(row)
            EmailAddress.objects.filter(user=user).exclude(pk=row.pk).delete()
            row.verified_at = now or timezone.now()
            row.save(update_fields=["verified_at"])
            user.refresh_from_db(fields=["email"])
            before, user.email = user.email, row.address
            user.save(update_fields=["email"])
            if address_key(before) not in ("", row.key):
                queue_mail(CHANGED, user, address=before, language=language, now=now)
    except IntegrityError:
        drop_claim(user)
        raise AddressTaken from None
    return row.address


def remove_address(user: Any, *, language: str, now: datetime | None = None) -> None:
    """Delete the user's addresses, and tell the one that was in use."""
    with transaction.atomic():
        lock_user(user)
        EmailAddress.objects.filter(user=user).delete()
        drop_mail(CONFIRM, user)
        user.refresh_from_db(fields=["email"])
        before, user.email = user.email, ""
        user.save(update_fields=["email"])
        if address_key(before):
            queue_mail(REMOVED, user, address=before, language=language, now=now)


def export_addresses(user: Any) -> dict[str, Any]:
    """What the user's download holds of them: each address with its times, and how many recovery codes are left."""
    rows = EmailAddress.objects.filter(user=user).order_by("pk")
    return {
        "email_addresses": list(rows.values("address", "asked_at", "verified_at")),
        "recovery_codes_left": count_account_codes(user),
    }


def is_taken(row: EmailAddress) -> bool:
    """Whether another user has verified the claimed address."""
    others = EmailAddress.objects.filter(key=row.key, verified_at__isnull=False).exclude(user=row.user_id)
    return any(address_key(other.user.email) == row.key for other in others.select_related("user"))


def _drop_outdated(row: EmailAddress) -> None:
    """Delete another user's row of this address when staff have changed that user's address since."""
    others = EmailAddress.objects.filter(key=row.key, verified_at__isnull=False).exclude(user=row.user_id)
    for other in others.select_related("user"):
        if address_key(other.user.email) != row.key:
            other.delete()
