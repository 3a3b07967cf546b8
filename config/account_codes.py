"""Recovery codes of an account: each sets a new password, once, where no mail can.

They are not those of the second factor (`config.recovery_codes`): these stand for the password, those for the app.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac

from config.models import AccountCode
from config.recovery_codes import groups, lock_user, normalize_code

#: Codes of one user.
ACCOUNT_CODES = 8
_CODE_BYTES = 15  # 120 bits: 24 letters and digits. A code alone names its account, so it must not be guessed.
_SALT = "config.account_codes"


def renew_account_codes(user: Any) -> list[str]:
    """Replace the user's codes by new ones, and return them: `abcd-efgh-…`. Only keyed hashes are stored."""
    codes = [
        "-".join(groups(b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower())) for _ in range(ACCOUNT_CODES)
    ]
    with transaction.atomic():
        lock_user(user)
        AccountCode.objects.filter(user=user).delete()
        AccountCode.objects.bulk_create(AccountCode(user=user, digest=_digest(code)) for code in codes)
    return codes


def drop_account_codes(user: Any) -> None:
    """Delete the user's codes."""
    AccountCode.objects.filter(user=user).delete()


def count_account_codes(user: Any) -> int:
    """How many of the user's codes are not used."""
    return AccountCode.objects.filter(user=user).count()


def find_by_code(code: str) -> Any:
    """The active user whose unused code it is, or None. Uses nothing up."""
    row = AccountCode.objects.filter(digest=_digest(code)).select_related("user").first()
    return row.user if row is not None and row.user.is_active else None


def use_account_code(user: Any, code: str) -> bool:
    """Use the code up; False when it is no longer the user's. In the transaction of what it allows."""
    return bool(AccountCode.objects.filter(user=user, digest=_digest(code)).delete()[0])


def _digest(code: str) -> str:
    return salted_hmac(_SALT, normalize_code(code), algorithm="sha256").hexdigest()
