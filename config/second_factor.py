"""The second factor of staff: one-time codes of an app (TOTP, RFC 6238). django-otp stores the devices.

django-otp refuses a code that was used, and makes the user wait longer after each wrong one.
"""

from __future__ import annotations

from base64 import b32encode
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.recovery_codes import groups, hash_code, lock_user, normalize_code, renew_recovery_codes

_DIGITS = 6


class CodeRequired(Exception):
    """The password is right and the code is still missing. `user`: with the backend that authenticated them."""

    def __init__(self, user: Any) -> None:
        super().__init__("a code is required")
        self.user = user


class CodesPaused(Exception):
    """Too many wrong codes: no code is checked for `seconds` (at least 1)."""

    def __init__(self, seconds: int) -> None:
        super().__init__("no code is checked for a while")
        self.seconds = max(seconds, 1)


def is_staff(user: Any) -> bool:
    """Whether the user may have a second factor; a user model without `is_staff` has no staff."""
    return bool(getattr(user, "is_staff", False))


def is_required() -> bool:
    """Whether staff must set it up before they may do anything else."""
    return bool(settings.STAFF_SECOND_FACTOR == "required")


def factor_id(user: Any) -> int | None:
    """The id of the user's confirmed device, None without one or for a user who is not staff."""
    if not is_staff(user):
        return None
    found: int | None = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).values_list("pk", flat=True).first()
    return found


def require_code(user: Any) -> None:
    """Raises CodeRequired for staff with a confirmed device."""
    if factor_id(user) is not None:
        raise CodeRequired(user)


def create_device(user: Any) -> int:
    """Create a device that is not confirmed yet, in place of any other such; return its id."""
    with transaction.atomic():
        lock_user(user)
        TOTPDevice.objects.filter(user_id=user.pk, confirmed=False).delete()
        return int(TOTPDevice.objects.create(user_id=user.pk, name="app", confirmed=False).pk)


def unconfirmed_device(user: Any, device_id: int) -> Any:
    """The device of `create_device`, None when it is confirmed or deleted."""
    return TOTPDevice.objects.filter(user_id=user.pk, pk=device_id, confirmed=False).first()


def confirm_device(user: Any, device_id: int, code: str) -> list[str] | None:
    """Confirm the device of `create_device` by its first code. The recovery codes, or None for a wrong code.

    Raises CodesPaused.
    """
    with transaction.atomic():
        lock_user(user)
        device = unconfirmed_device(user, device_id)
        if device is None or factor_id(user) is not None:
            return None
        _check_pause(device)
        if not (_is_totp(code) and device.verify_token(normalize_code(code))):
            return None
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        return renew_recovery_codes(user)


def check_code(user: Any, code: str) -> int | None:
    """The id of the user's device if the code is the app's or a recovery code, which is then used up; else None.

    Raises CodesPaused.
    """
    with transaction.atomic():
        lock_user(user)
        device = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).first()
        if device is None:
            return None
        recovery = StaticDevice.objects.filter(user_id=user.pk).first()
        if _is_totp(code) or recovery is None:
            # Anything but six ASCII digits counts as a wrong code: django-otp would read the digits of any script.
            asked, token = device, normalize_code(code) if _is_totp(code) else ""
        else:
            asked, token = recovery, hash_code(user, code)
        _check_pause(asked)
        return int(device.pk) if asked.verify_token(token) else None


def turn_off(user: Any) -> bool:
    """Delete the user's devices and recovery codes; return whether a device was confirmed."""
    with transaction.atomic():
        lock_user(user)
        was_on: bool = TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).exists()
        TOTPDevice.objects.filter(user_id=user.pk).delete()
        StaticDevice.objects.filter(user_id=user.pk).delete()
    return was_on


def secret_of(device: Any) -> str:
    """The device's key as users type it into an app: base 32 in groups of four."""
    return " ".join(groups(b32encode(device.bin_key).decode()))


def _check_pause(device: Any) -> None:
    """Raises CodesPaused while the device refuses every code."""
    may, why = device.verify_is_allowed()
    if not may:
        raise CodesPaused(-int(-(why["locked_until"] - timezone.now()).total_seconds() // 1))


def _is_totp(code: str) -> bool:
    plain = normalize_code(code)
    return plain.isascii() and plain.isdecimal() and len(plain) == _DIGITS
