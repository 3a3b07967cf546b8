"""Recovery codes of an account: they set a new password where no mail can."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.account_codes import ACCOUNT_CODES, count_account_codes, find_by_code, renew_account_codes
from config.models import AccountCode
from config.password_reset import set_new_password
from config.recovery_codes import renew_recovery_codes
from tests.config.letters import ADDRESS, NEW, NEW_TWICE, PASSWORD, can_log_in, delivered, link_in
from tests.config.staff import enter_password, is_logged_in
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", ADDRESS, PASSWORD)


@pytest.fixture
def staff(ada: User) -> User:
    """With a second factor."""
    ada.is_staff = ada.is_superuser = True
    ada.save()
    TOTPDevice.objects.create(user=ada, name="app")
    return ada


class TestByCode:
    def codes(self, ada: User) -> list[str]:
        client = SiteClient()
        client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
        assert "id_password_error" in client.post("/accounts/recovery-codes", {"password": "wrong"}).content.decode()
        page = client.post("/accounts/recovery-codes", {"password": PASSWORD}).content.decode()
        found = re.findall(r"<code>([a-z2-7-]+)</code>", page)
        assert len(set(found)) == ACCOUNT_CODES
        assert f"{ACCOUNT_CODES} codes left" in client.get("/accounts/profile").content.decode()
        return found

    def recover(self, code: str, client: SiteClient | None = None, **more: str) -> Any:
        return (client or SiteClient()).post("/accounts/recover", {"code": code} | NEW_TWICE | more, follow=True)

    def test_each_sets_a_password_once(self, ada: User) -> None:
        first, second = self.codes(ada)[:2]
        assert "The password of ada is set" in self.recover(first.upper().replace("-", " ")).content.decode()
        assert can_log_in("ada", NEW)
        assert "was used before" in self.recover(first).content.decode()
        assert self.recover(second).redirect_chain == [("/accounts/password/reset/done", 302)]
        assert count_account_codes(ada) == ACCOUNT_CODES - 2

    def test_in_a_browser_that_is_logged_in(self, ada: User) -> None:
        client = SiteClient()
        client.post("/accounts/login", {"username": "ada", "password": PASSWORD})
        answer = self.recover(renew_account_codes(ada)[0], client)
        assert answer.redirect_chain == [("/accounts/password/reset/done", 302)]
        assert "_auth_user_id" not in client.session

    def test_does_not_outlive_a_password_set_by_a_link(self, ada: User) -> None:
        code = self.codes(ada)[0]
        (message,) = delivered()
        assert (message.to, "recovery codes" in message.subject) == ([ADDRESS], True)
        client = SiteClient()
        client.post("/accounts/password/reset", {"email": ADDRESS})
        page = client.get(link_in(delivered()[0]), follow=True)
        assert "recovery codes are not valid any more" in page.content.decode()
        form = page.redirect_chain[-1][0]
        client.post(form, {"new_password1": NEW, "new_password2": "another"})
        assert count_account_codes(ada) == ACCOUNT_CODES
        client.post(form, NEW_TWICE)
        assert (
            "was used before" in self.recover(code, new_password1="a third", new_password2="a third").content.decode()
        )
        assert count_account_codes(ada) == 0

    def test_works_without_mail(self, ada: User, without_mail: None) -> None:
        assert self.recover(self.codes(ada)[0]).status_code == 200
        assert can_log_in("ada", NEW)

    def test_new_ones_replace_the_old(self, ada: User) -> None:
        old = self.codes(ada)[0]
        self.codes(ada)
        assert "was used before" in self.recover(old).content.decode()

    def test_a_refused_password_uses_nothing_up(self, ada: User) -> None:
        code = self.codes(ada)[0]
        for password in ("12345678", "ada"):
            assert (
                "error-summary" in self.recover(code, new_password1=password, new_password2=password).content.decode()
            )
        assert count_account_codes(ada) == ACCOUNT_CODES

    def test_of_a_wrong_one_nothing_else_is_said(self, ada: User) -> None:
        page = self.recover("abcd-efgh", new_password1="ada", new_password2="ada").content.decode()
        assert "was used before" in page
        assert "id_new_password2_error" not in page

    @pytest.mark.parametrize("code", ["", "-", "x" * 64, "x" * 65, "\x00", "é", "ａbcd"])
    def test_of_nothing(self, code: str, ada: User) -> None:
        renew_account_codes(ada)
        assert self.recover(code).status_code == 200
        assert not can_log_in("ada", NEW)

    def test_two_at_once_are_one(self, ada: User) -> None:
        code = renew_account_codes(ada)[0]
        user = find_by_code(code)
        assert set_new_password(
            user, NEW, is_valid=lambda _: bool(AccountCode.objects.all().delete()[0]), language="en"
        )
        assert not set_new_password(user, "a third one, well set", is_valid=lambda _: False, language="en")
        assert can_log_in("ada", NEW)

    def test_is_not_a_code_of_the_second_factor(self, ada: User) -> None:
        assert find_by_code(renew_recovery_codes(ada)[0]) is None

    def test_of_a_disabled_account(self, ada: User) -> None:
        code = self.codes(ada)[0]
        User.objects.update(is_active=False)
        assert "was used before" in self.recover(code).content.decode()

    def test_is_limited(self, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {"login": "2/minute"}
        assert [self.recover("x").status_code for _ in range(3)] == [200, 200, 429]

    def test_staff_still_need_their_code(self, staff: User) -> None:
        client = SiteClient()
        self.recover(renew_account_codes(staff)[0], client)
        assert not is_logged_in(client)
        assert not is_logged_in(enter_password(password=NEW))
