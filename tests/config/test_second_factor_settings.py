"""Setting the second factor up, changing it and turning it off, by its owner and from the machine."""

from __future__ import annotations

import io
import logging
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from PIL import Image

from config import second_factor, staff_sessions
from config.recovery_codes import count_recovery_codes, hash_code, renew_recovery_codes
from tests.config.staff import (
    CODE,
    CREDENTIALS,
    PASSWORD,
    SETTINGS,
    ada,
    code_of,
    device,
    end_pause,
    enter_password,
    is_logged_in,
    wrong_code,
)
from tests.site_client import SiteClient

__all__ = ["ada", "device"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


class TestRecoveryCodes:
    def test_each_opens_once_however_it_is_typed(self, ada: User, device: TOTPDevice) -> None:
        codes = renew_recovery_codes(ada)
        assert len(set(codes)) == 10
        for typed in (codes[0], codes[1].upper(), codes[2].replace("-", " "), codes[3].replace("-", "")):
            client = enter_password()
            assert client.post(CODE, {"code": typed}).status_code == 302
            assert is_logged_in(client)
            again = enter_password()
            assert again.post(CODE, {"code": typed}).status_code == 200
            assert not is_logged_in(again)
            end_pause()
        assert count_recovery_codes(ada) == 6

    def test_that_are_stored_stay_good(self, settings: Any) -> None:
        """The salt of their hashes is a constant, whatever the module is called."""
        settings.SECRET_KEY = "k" * 50
        assert hash_code(User(pk=7), "ABCD-efgh ijkl") == "33u6qc5ly3g4ufug"

    def test_are_kept_as_keyed_hashes(self, ada: User, device: TOTPDevice) -> None:
        codes = renew_recovery_codes(ada)
        kept = set(StaticToken.objects.values_list("token", flat=True))
        assert len(kept) == 10
        assert not kept & {code.replace("-", "") for code in codes}

    def test_new_ones_end_the_old(self, ada: User, device: TOTPDevice) -> None:
        old, new = renew_recovery_codes(ada), renew_recovery_codes(ada)
        assert second_factor.check_code(ada, old[0]) is None
        end_pause()
        assert second_factor.check_code(ada, new[0]) == device.pk


def _picture(page: str) -> Image.Image:
    """The page's QR code, four pixels to a module."""
    page = page.split('class="payment-code"')[1]
    side, d = re.search(r'viewBox="0 0 (\d+)', page), re.search(r'stroke="#000" d="([^"]+)"', page)
    assert side
    assert d
    picture = Image.new("L", (int(side[1]), int(side[1])), 255)
    x, y = 0.0, 0.0
    for step, numbers in re.findall(r"([Mmh])([-0-9. ]+)", d[1]):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if step == "h":
            picture.paste(0, (int(x), int(y), int(x + values[0]), int(y) + 1))
            x += values[0]
        else:
            x, y = (values[0], values[1]) if step == "M" else (x + values[0], y + values[1])
    return picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST)


class TestSettings:
    def begun(self, user: User) -> tuple[SiteClient, TOTPDevice]:
        client = SiteClient()
        client.post("/accounts/login", CREDENTIALS)
        assert client.post(SETTINGS, {"password": PASSWORD})["Location"] == SETTINGS
        return client, TOTPDevice.objects.get(confirmed=False)

    def test_from_off_to_on(self, ada: User, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        other = SiteClient()
        other.post("/accounts/login", CREDENTIALS)
        client, device = self.begun(ada)
        page = client.get(SETTINGS)
        shown = re.search(r'<dd class="spaced">([A-Z2-7 ]+)</dd>', page.content.decode())
        assert shown
        (read,) = zxingcpp.read_barcodes(_picture(page.content.decode()))
        url = urlsplit(read.text)
        assert (url.scheme, url.netloc, url.path) == ("otpauth", "totp", "/127.0.0.1%3Aada")
        assert parse_qs(url.query)["secret"] == [shown[1].replace(" ", "")]
        wrong = client.post(SETTINGS, {"code": wrong_code(device)})
        assert "This code is wrong" in wrong.content.decode()
        end_pause()
        done = client.post(SETTINGS, {"code": code_of(device)})
        codes = re.findall(r"<code>([a-z2-7-]{19})</code>", done.content.decode())
        assert len(codes) == 10
        assert "no-store" in done["Cache-Control"]
        assert is_logged_in(client)
        assert not is_logged_in(other)
        for address in (SETTINGS, "/accounts/profile", f"/admin/auth/user/{ada.pk}/change/", "/accounts/data"):
            text = client.get(address).getvalue().decode()
            assert not [secret for secret in (shown[1], device.key, url.query, *codes) if secret in text], address
        assert not [code for code in (*codes, device.key, shown[1], PASSWORD) if code in caplog.text]
        # The code that turned it on is used up.
        assert enter_password().post(CODE, {"code": code_of(device)}).status_code == 200

    def test_the_password_is_asked_for_first(self, ada: User) -> None:
        client = SiteClient()
        client.force_login(ada)
        assert "The password is wrong" in client.post(SETTINGS, {"password": "x"}).content.decode()
        assert not TOTPDevice.objects.exists()

    def test_takes_a_quarter_of_an_hour_at_most(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        client, device = self.begun(ada)
        later = time.time() + staff_sessions.SETUP_SECONDS
        monkeypatch.setattr(staff_sessions, "time", lambda: later)
        assert "<svg" not in client.get(SETTINGS).content.decode().split("<main")[1].split("</main")[0]
        client.post(SETTINGS, {"code": code_of(device)})
        assert not TOTPDevice.objects.filter(confirmed=True).exists()

    def test_another_session_does_not_see_the_key(self, ada: User) -> None:
        _, device = self.begun(ada)
        other = SiteClient()
        other.force_login(ada)
        assert second_factor.secret_of(device) not in other.get(SETTINGS).content.decode()

    def test_of_two_that_were_begun_one_is_in_force(self, ada: User) -> None:
        first, old = self.begun(ada)
        second, new = self.begun(ada)
        assert first.post(SETTINGS, {"code": code_of(old)}).status_code == 200
        second.post(SETTINGS, {"code": code_of(new)})
        assert list(TOTPDevice.objects.values_list("pk", "confirmed")) == [(new.pk, True)]

    @pytest.mark.parametrize("action", ["off", "codes"])
    @pytest.mark.parametrize("is_right", [(False, True), (True, False), (True, True)])
    def test_a_change_takes_password_and_code(self, action: str, is_right: tuple[bool, bool], ada: User) -> None:
        client, device = self.begun(ada)
        client.post(SETTINGS, {"code": code_of(device)})
        kept = set(StaticToken.objects.values_list("token", flat=True))
        form = {
            "password": PASSWORD if is_right[0] else "another",
            "code": code_of(device, 1) if is_right[1] else wrong_code(device),
            "action": action,
        }
        answer = client.post(SETTINGS, form)
        if not all(is_right):
            assert set(StaticToken.objects.values_list("token", flat=True)) == kept
            assert TOTPDevice.objects.filter(confirmed=True).exists()
        elif action == "codes":
            assert len(re.findall(r"<li><code>", answer.content.decode())) == 10
            assert not kept & set(StaticToken.objects.values_list("token", flat=True))
        else:
            assert answer["Location"] == "/accounts/profile"
            assert not TOTPDevice.objects.exists()
            assert not StaticDevice.objects.exists()
            assert is_logged_in(client)

    def test_guessing_meets_the_limit_of_passwords(self, ada: User, settings: Any) -> None:
        client = SiteClient()
        client.force_login(ada)
        settings.RATE_LIMITS = {"login": "2/minute"}
        assert [client.post(SETTINGS, {"password": "x"}).status_code for _ in range(3)] == [200, 200, 429]

    @pytest.mark.parametrize("language", ["fr", "de", "es"])
    def test_speaks_the_languages(self, language: str, ada: User, device: TOTPDevice) -> None:
        client = enter_password(f"/{language}/accounts/login")
        assert f'lang="{language}"' in client.get(f"/{language}{CODE}").content.decode()


def test_the_admin_shows_no_keys(ada: User) -> None:
    assert not {TOTPDevice, StaticDevice} & set(site._registry)


class TestCommand:
    def run(self, *args: str) -> str:
        out = io.StringIO()
        call_command("admin", *args, stdout=out)
        return out.getvalue()

    def test_reset_takes_it_away_and_says_so(self, device: TOTPDevice) -> None:
        assert "The second factor of ada is removed." in self.run("ada", "--reset")
        assert not TOTPDevice.objects.exists()

    def test_of_any_member_of_staff(self, ada: User, device: TOTPDevice) -> None:
        User.objects.update(is_superuser=False)
        renew_recovery_codes(ada)
        assert "is removed" in self.run("ada", "--no-second-factor")
        assert not StaticDevice.objects.exists()
        ada.refresh_from_db()
        assert ada.check_password(PASSWORD)
        assert "has no second factor" in self.run("ada", "--no-second-factor")
        with pytest.raises(CommandError):
            self.run("nobody", "--no-second-factor")
