"""Members of staff at the log-in: their passwords and what their apps show."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from tests.site_client import SiteClient

PASSWORD = "a ledger well set"
CREDENTIALS = {"username": "ada", "password": PASSWORD}
LOGIN_PAGES = ("/accounts/login", "/fr/accounts/login", "/admin/login/")
CODE = "/accounts/second-factor"
SETTINGS = "/accounts/second-factor/settings"


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password=PASSWORD)


@pytest.fixture
def device(ada: User) -> TOTPDevice:
    found: TOTPDevice = TOTPDevice.objects.create(user=ada, name="app")
    return found


def code_of(device: TOTPDevice, steps: int = 0) -> str:
    """What the app shows, so many half minutes from now."""
    totp = TOTP(device.bin_key)
    totp.time = time.time() + 30 * steps
    return f"{totp.token():06}"


def wrong_code(device: TOTPDevice) -> str:
    near = {code_of(device, steps) for steps in range(-3, 4)}
    return next(code for code in ("000000", *(f"{n:06}" for n in range(1, 9))) if code not in near)


def end_pause() -> None:
    """The pause after wrong codes is over."""
    TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(days=2))
    StaticDevice.objects.update(throttling_failure_timestamp=timezone.now() - timedelta(days=2))


def is_logged_in(client: SiteClient) -> bool:
    return client.get("/admin/").status_code == 200


def enter_password(login_page: str = LOGIN_PAGES[0], **more: str) -> SiteClient:
    """Somebody whose password was right."""
    client = SiteClient()
    answer = client.post(login_page, CREDENTIALS | more)
    assert answer.status_code == 302
    assert answer["Location"].endswith(CODE)
    return client
