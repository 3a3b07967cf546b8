"""Recovery codes: each stands for one code of the app, once, for a member of staff who has lost the app."""

from __future__ import annotations

import secrets
from base64 import b32encode
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

#: Codes of one user.
RECOVERY_CODES = 10
_CODE_BYTES = 10  # 80 bits: 16 letters and digits
# Part of every hash that is stored.
_SALT = "config.second_factor"


def renew_recovery_codes(user: Any) -> list[str]:
    """Replace the user's codes by new ones, and return them: `abcd-efgh-…`. Only their keyed hashes are stored."""
    with transaction.atomic():
        lock_user(user)
        StaticDevice.objects.filter(user_id=user.pk).delete()
        device = StaticDevice.objects.create(user_id=user.pk, name="recovery")
        codes = ["-".join(groups(_random_code())) for _ in range(RECOVERY_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=device, token=hash_code(user, code)) for code in codes)
    return codes


def count_recovery_codes(user: Any) -> int:
    """How many of the user's codes are not used."""
    return int(StaticToken.objects.filter(device__user_id=user.pk).count())


def hash_code(user: Any, code: str) -> str:
    """The keyed hash that is stored: 80 bits in 16 characters, the length of django-otp's column."""
    digest = salted_hmac(f"{_SALT}:{user.pk}", normalize_code(code), algorithm="sha256").digest()
    return b32encode(digest[:10]).decode().lower()


def normalize_code(code: str) -> str:
    """A code in lower case, without the spaces and hyphens that users and apps put between groups."""
    return "".join(code.replace("-", " ").split()).lower()


def groups(text: str) -> list[str]:
    """Groups of four characters, as users read them."""
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def lock_user(user: Any) -> None:
    """Lock the user's row until the transaction ends: two tabs would set up two devices, or use one code twice."""
    get_user_model().objects.select_for_update().filter(pk=user.pk).first()


def _random_code() -> str:
    """16 letters and digits, base 32 in lower case."""
    return b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
