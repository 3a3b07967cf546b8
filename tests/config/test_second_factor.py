"""The second factor of staff: both log-in pages, every wrong code, the way in and out again, and who is not asked."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django_otp.plugins.otp_totp.models import TOTPDevice
from knox.models import AuthToken

from config import second_factor, staff_sessions
from config.middleware.sessions import StaffAuthentication
from config.recovery_codes import count_recovery_codes, renew_recovery_codes
from tests.config.staff import (
    CODE,
    CREDENTIALS,
    LOGIN_PAGES,
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

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ada", "device"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


class TestLogIn:
    @pytest.mark.parametrize("login_page", LOGIN_PAGES)
    def test_takes_password_and_code(self, login_page: str, device: TOTPDevice) -> None:
        client = enter_password(login_page)
        assert not is_logged_in(client)
        assert client.get("/accounts/profile").status_code == 302
        before = client.cookies["sessionid"].value
        page = client.get(CODE)
        assert page.status_code == 200
        assert "no-store" in page["Cache-Control"]
        answer = client.post(f"/fr{CODE}" if "fr" in login_page else CODE, {"code": code_of(device)})
        assert answer.status_code == 302
        assert answer["Location"] == (
            "/admin/" if "admin" in login_page else "/fr/dashboard" if "fr" in login_page else "/dashboard"
        )
        assert is_logged_in(client)
        assert client.cookies["sessionid"].value != before
        assert not Session.objects.filter(session_key=before).exists()

    @pytest.mark.parametrize("login_page", LOGIN_PAGES)
    @pytest.mark.parametrize(
        ("target", "ends"),
        [
            ("/admin/auth/user/?q=1", True),
            ("//evil.example/", False),
            ("https://evil.example", False),
            ("\\\\x", False),
        ],
    )
    def test_leads_where_one_wanted_on_this_site_alone(
        self, login_page: str, target: str, ends: bool, device: TOTPDevice
    ) -> None:
        answer = enter_password(login_page, next=target).post(CODE, {"code": code_of(device)})
        assert (answer["Location"] == target) == ends
        assert "evil" not in answer["Location"]

    @pytest.mark.parametrize("login_page", LOGIN_PAGES)
    def test_a_wrong_password_is_told_nothing_of_it(self, login_page: str, device: TOTPDevice) -> None:
        answer = SiteClient().post(login_page, CREDENTIALS | {"password": "another"})
        assert answer.status_code == 200
        assert "code" not in answer.context["form"].fields

    @pytest.mark.parametrize("login_page", LOGIN_PAGES)
    def test_without_a_device_the_password_is_enough(self, login_page: str, ada: User) -> None:
        client = SiteClient()
        client.post(login_page, CREDENTIALS)
        assert is_logged_in(client)

    def test_a_device_that_is_not_confirmed_counts_for_nothing(self, ada: User) -> None:
        second_factor.create_device(ada)
        client = SiteClient()
        client.post("/accounts/login", CREDENTIALS)
        assert is_logged_in(client)

    @pytest.mark.parametrize("is_staff", [False, True])
    def test_is_for_staff_alone(self, is_staff: bool, device: TOTPDevice, settings: Any) -> None:
        settings.STAFF_SECOND_FACTOR = "optional"
        User.objects.update(is_staff=is_staff, is_superuser=False)
        answer = SiteClient().post("/accounts/login", CREDENTIALS)
        assert answer["Location"].endswith(CODE) == is_staff


class TestCode:
    @pytest.mark.parametrize(
        "typed",
        [
            wrong_code,
            lambda device: code_of(device, -5),
            lambda device: code_of(device, 5),
            lambda device: code_of(device)[:5],
            lambda device: code_of(device) + "0",
            lambda device: "+" + code_of(device),
            lambda device: code_of(device)[:3] + "_" + code_of(device)[3:],
            lambda device: "".join(chr(0xFF10 + int(digit)) for digit in code_of(device)),
            lambda device: "a" * 16,
            lambda device: "x\0",
            lambda device: "9" * 65,
            lambda device: "",
            lambda device: " ",
        ],
        ids=[
            "wrong",
            "late",
            "early",
            "short",
            "long",
            "sign",
            "line",
            "wide",
            "recovery",
            "nul",
            "endless",
            "empty",
            "space",
        ],
    )
    def test_that_is_wrong_opens_nothing(self, typed: Callable[[TOTPDevice], str], device: TOTPDevice) -> None:
        client = enter_password()
        answer = client.post(CODE, {"code": typed(device)})
        assert answer.status_code == 200
        assert answer.context["form"].errors
        assert not is_logged_in(client)

    def test_spaces_are_let_pass(self, device: TOTPDevice) -> None:
        code = code_of(device)
        assert enter_password().post(CODE, {"code": f" {code[:3]} {code[3:]} "}).status_code == 302

    def test_opens_once(self, device: TOTPDevice) -> None:
        code, first, second = code_of(device), enter_password(), enter_password()
        assert first.post(CODE, {"code": code}).status_code == 302
        answer = second.post(CODE, {"code": code})
        assert answer.status_code == 200
        assert "was used before" in answer.content.decode()
        assert not is_logged_in(second)

    def test_after_a_wrong_one_the_next_waits(self, device: TOTPDevice) -> None:
        client = enter_password()
        for _ in range(5):
            end_pause()
            client.post(CODE, {"code": wrong_code(device)})
        answer = client.post(CODE, {"code": code_of(device)})
        assert answer.status_code == 200
        seconds = re.search(r"Wait (\d+) seconds?, then", answer.content.decode())
        assert seconds
        assert 'value="' + code_of(device) not in answer.content.decode()
        assert 1 <= int(seconds[1]) <= 16
        assert not is_logged_in(client)
        end_pause()
        assert client.post(CODE, {"code": code_of(device)}).status_code == 302

    def test_the_limit_of_passwords_holds_too(self, device: TOTPDevice, settings: Any) -> None:
        client = enter_password()
        settings.RATE_LIMITS = {"login": "2/minute"}
        statuses = [client.post(CODE, {"code": ""}).status_code for _ in range(3)]
        assert statuses[-1] == 429

    def test_has_five_minutes(self, device: TOTPDevice, monkeypatch: pytest.MonkeyPatch) -> None:
        client = enter_password()
        later = time.time() + staff_sessions.PENDING_SECONDS
        monkeypatch.setattr(staff_sessions, "time", lambda: later)
        answer = client.post(CODE, {"code": code_of(device)}, follow=True)
        assert answer.redirect_chain == [("/accounts/login", 302)]
        assert "took too long" in answer.content.decode()
        assert not is_logged_in(client)

    @pytest.mark.parametrize(
        "change",
        [
            lambda user: (user.set_password("another one, as long"), user.save()),
            lambda user: User.objects.update(is_active=False),
            lambda user: user.delete(),
            second_factor.turn_off,
            lambda user: User.objects.update(is_staff=False),
        ],
        ids=["password", "switched off", "deleted", "factor off", "no staff"],
    )
    def test_is_of_no_use_when_the_account_changed(
        self, change: Callable[[User], Any], ada: User, device: TOTPDevice
    ) -> None:
        code, client = code_of(device), enter_password()
        change(ada)
        assert client.post(CODE, {"code": code})["Location"] == "/accounts/login"
        assert not is_logged_in(client)

    def test_without_a_password_there_is_no_page(self, device: TOTPDevice) -> None:
        client = SiteClient()
        assert client.get(CODE)["Location"] == "/accounts/login"
        assert client.post(CODE, {"code": code_of(device)})["Location"] == "/accounts/login"

    def test_of_another_user_opens_nothing(self, device: TOTPDevice) -> None:
        bob = User.objects.create_superuser("bob", password=PASSWORD)
        TOTPDevice.objects.create(user=bob, name="app")
        code = renew_recovery_codes(bob)[0]
        client = enter_password()
        assert client.post(CODE, {"code": code}).status_code == 200
        assert count_recovery_codes(bob) == 10

    def test_a_planted_session_is_not_the_one_that_waits(self, device: TOTPDevice) -> None:
        thief = SiteClient()
        thief.get("/accounts/second-factor")
        thief.cookies["sessionid"] = "planted00000000000000000000000000"
        victim = SiteClient()
        victim.cookies["sessionid"] = "planted00000000000000000000000000"
        victim.post("/accounts/login", CREDENTIALS)
        assert victim.cookies["sessionid"].value != "planted00000000000000000000000000"
        assert thief.get(CODE).status_code == 302


class TestGate:
    def test_a_session_of_before_is_nobodys_until_the_code(self, ada: User) -> None:
        client = SiteClient()
        client.force_login(ada)
        assert is_logged_in(client)
        device = TOTPDevice.objects.create(user=ada, name="app")
        for address in ("/admin/", "/admin/auth/user/", "/accounts/profile", "/dashboard", SETTINGS):
            answer = client.get(address)
            assert answer.status_code == 302, address
            assert "login" in answer["Location"]
        assert client.get("/api/dashboard").status_code == 401
        answer = client.get("/admin/auth/user/", follow=True)
        assert answer.redirect_chain[-1] == (CODE, 302)
        assert client.post(CODE, {"code": code_of(device)})["Location"] == "/admin/auth/user/"
        assert client.get("/admin/auth/user/").status_code == 200

    def test_a_mark_of_another_device_opens_nothing(self, ada: User, device: TOTPDevice) -> None:
        client = enter_password()
        client.post(CODE, {"code": code_of(device)})
        device.delete()
        TOTPDevice.objects.create(user=ada, name="app")
        assert not is_logged_in(client)

    def test_service_tokens_are_not_asked(self, ada: User, device: TOTPDevice, settings: Any) -> None:
        settings.STAFF_SECOND_FACTOR = "required"
        _, token = AuthToken.objects.create(ada)
        answer = SiteClient().get("/api/dashboard", headers={"Authorization": f"Token {token}"})
        assert answer.status_code == 200

    def test_users_cost_no_query(self, rf: Any, django_assert_num_queries: Callable[[int], Any]) -> None:
        client = SiteClient()
        client.force_login(User.objects.create_user("bob"))
        request = rf.get("/")
        request.session = client.session
        StaffAuthentication(lambda request: None).process_request(request)  # type: ignore[arg-type] # its answer is not asked for
        request.session.get("x")
        with django_assert_num_queries(1):
            assert request.user.is_authenticated


class TestRequired:
    @pytest.fixture(autouse=True)
    def _required(self, settings: Any) -> None:
        settings.STAFF_SECOND_FACTOR = "required"

    @pytest.mark.parametrize("login_page", LOGIN_PAGES)
    def test_staff_set_it_up_before_anything_else(self, login_page: str, ada: User) -> None:
        client = SiteClient()
        client.post(login_page, CREDENTIALS)
        answer = client.get("/admin/auth/user/", follow=True)
        assert answer.redirect_chain[-1][0].endswith(f"{SETTINGS}?next=%2Fadmin%2Fauth%2Fuser%2F")
        assert "requires it of its staff" in answer.content.decode()
        assert client.get("/api/dashboard").status_code == 401
        where = answer.redirect_chain[-1][0]
        client.post(where, {"password": PASSWORD})
        device = TOTPDevice.objects.get()
        answer = client.post(where, {"code": code_of(device)})
        assert 'href="/admin/auth/user/"' in answer.content.decode()
        assert client.get("/admin/auth/user/").status_code == 200
        assert client.get("/api/dashboard").status_code == 200

    def test_users_are_not_asked(self) -> None:
        User.objects.create_user("ada", password=PASSWORD)
        client = SiteClient()
        assert client.post("/accounts/login", CREDENTIALS)["Location"] == "/dashboard"
        assert client.get("/dashboard").status_code == 200
        assert client.get(SETTINGS)["Location"] == "/accounts/profile"
