"""The second factor of staff: an app's one-time codes (TOTP, RFC 6238), and recovery codes for whoever loses the app.

django-otp keeps the devices, refuses a code that was used and makes each wrong one wait longer than the one before.
"""

from __future__ import annotations

import secrets
from base64 import b32encode
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # 80 bits: 16 letters and digits
_DIGITS = 6


class CodeRequired(Exception):
    """The password is right and a code is still to come. `user` is whose, with the backend that knew them."""

    def __init__(self, user: Any) -> None:
        super().__init__("a code is required")
        self.user = user


class CodesPaused(Exception):
    """Too many wrong codes: none is looked at for `seconds` (at least 1)."""

    def __init__(self, seconds: int) -> None:
        super().__init__("codes are not looked at for a while")
        self.seconds = max(seconds, 1)


def is_staff(user: Any) -> bool:
    """Whether a second factor is for them: user models may have no staff."""
    return bool(getattr(user, "is_staff", False))


def is_required() -> bool:
    """Whether staff may do nothing before they have set it up."""
    return bool(settings.STAFF_SECOND_FACTOR == "required")


def factor_id(user: Any) -> int | None:
    """The id of the device that is set up, None without one or for who is no staff."""
    if not is_staff(user):
        return None
    found: int | None = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).values_list("pk", flat=True).first()
    return found


def require_code(user: Any) -> None:
    """Raises CodeRequired for staff who have set it up."""
    if factor_id(user) is not None:
        raise CodeRequired(user)


def begin(user: Any) -> int:
    """A new device that is not in force yet, instead of any other such; its id."""
    with transaction.atomic():
        _lock(user)
        TOTPDevice.objects.filter(user_id=user.pk, confirmed=False).delete()
        return int(TOTPDevice.objects.create(user_id=user.pk, name="app", confirmed=False).pk)


def begun(user: Any, device_id: int) -> Any:
    """The device of `begin`, or None when it is confirmed or gone."""
    return TOTPDevice.objects.filter(user_id=user.pk, pk=device_id, confirmed=False).first()


def confirm(user: Any, device_id: int, code: str) -> list[str] | None:
    """Put the device of `begin` in force by its first code. The recovery codes, or None for a wrong code.

    Raises CodesPaused.
    """
    with transaction.atomic():
        _lock(user)
        device = begun(user, device_id)
        if device is None or factor_id(user) is not None:
            return None
        _refuse_early(device)
        if not (_is_of_app(code) and device.verify_token(_plain(code))):
            return None
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        return renew_recovery_codes(user)


def check_code(user: Any, code: str) -> int | None:
    """The id of the user's device if the code is the app's or a recovery code, which is then used up; else None.

    Raises CodesPaused.
    """
    with transaction.atomic():
        _lock(user)
        device = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).first()
        if device is None:
            return None
        spare = StaticDevice.objects.filter(user_id=user.pk).first()
        if _is_of_app(code) or spare is None:
            # What is no code of the app is a wrong one: django-otp would read digits of any script.
            asked, token = device, _plain(code) if _is_of_app(code) else ""
        else:
            asked, token = spare, _kept(user, code)
        _refuse_early(asked)
        return int(device.pk) if asked.verify_token(token) else None


def renew_recovery_codes(user: Any) -> list[str]:
    """Make new codes instead of all that were: `abcd-efgh-…`, in clear this once. Only their keyed hashes are kept."""
    with transaction.atomic():
        _lock(user)
        StaticDevice.objects.filter(user_id=user.pk).delete()
        device = StaticDevice.objects.create(user_id=user.pk, name="recovery")
        codes = [_spelled(b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()) for _ in range(RECOVERY_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=device, token=_kept(user, code)) for code in codes)
    return codes


def recovery_codes_left(user: Any) -> int:
    """How many of them are not used."""
    return int(StaticToken.objects.filter(device__user_id=user.pk).count())


def turn_off(user: Any) -> bool:
    """Forget devices and codes of the user; whether there was a device in force."""
    with transaction.atomic():
        _lock(user)
        was_on: bool = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).exists()
        TOTPDevice.objects.filter(user_id=user.pk).delete()
        StaticDevice.objects.filter(user_id=user.pk).delete()
    return was_on


def secret_of(device: Any) -> str:
    """Its key as the apps take it by hand: base 32 in groups of four."""
    return " ".join(_groups(b32encode(device.bin_key).decode()))


def _lock(user: Any) -> None:
    """One change of a user's devices at a time: two tabs would set up two of them, or use one code twice."""
    get_user_model().objects.select_for_update().filter(pk=user.pk).first()


def _refuse_early(device: Any) -> None:
    may, why = device.verify_is_allowed()
    if not may:
        raise CodesPaused(-int(-(why["locked_until"] - timezone.now()).total_seconds() // 1))


def _plain(code: str) -> str:
    """Without what people and apps put between the groups."""
    return "".join(code.replace("-", " ").split()).lower()


def _is_of_app(code: str) -> bool:
    plain = _plain(code)
    return plain.isascii() and plain.isdecimal() and len(plain) == _DIGITS


def _kept(user: Any, code: str) -> str:
    """Under SECRET_KEY, 80 bits of it in 16 characters: as many as django-otp's column has."""
    digest = salted_hmac(f"{__name__}:{user.pk}", _plain(code), algorithm="sha256").digest()
    return b32encode(digest[:10]).decode().lower()


def _groups(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def _spelled(text: str) -> str:
    return "-".join(_groups(text.lower()))
