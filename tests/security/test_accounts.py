"""Log-in, sign-up and sessions, as somebody tries them who wants in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone
from knox.models import AuthToken

from kv.errors import StoreUnavailable
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

PASSWORD = "a ledger well set"
WORDS = {"username": "ada", "password": PASSWORD}
LOG_INS = ("/accounts/login", "/fr/accounts/login", "/admin/login/")


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD, is_staff=True)


class TestSession:
    @pytest.mark.parametrize("path", LOG_INS)
    def test_that_was_planted_is_not_the_one_signed_in(self, path: str, ada: User) -> None:
        client = SiteClient()
        client.cookies["sessionid"] = "planted00000000000000000000000000"
        client.get(path)
        assert client.post(path, WORDS).status_code == 302
        assert client.cookies["sessionid"].value != "planted00000000000000000000000000"
        assert not Session.objects.filter(session_key="planted00000000000000000000000000").exists()

    def test_of_another_log_in_is_not_taken_over(self, ada: User) -> None:
        """A key known before the log-in, be it a real one, opens nothing after it."""
        User.objects.create_user("eve", password=PASSWORD)
        client = SiteClient()
        client.post("/accounts/login", {"username": "eve", "password": PASSWORD})
        known = client.cookies["sessionid"].value
        client.post("/accounts/login?next=/pay", WORDS)
        client.post("/accounts/logout")
        client.post("/accounts/login", WORDS)
        eve = SiteClient()
        eve.cookies["sessionid"] = known
        assert eve.get("/api/dashboard").status_code == 401

    @pytest.mark.parametrize(
        "ending",
        [
            lambda client, user: client.post("/accounts/logout"),
            lambda client, user: User.objects.filter(pk=user.pk).update(is_active=False),
            lambda client, user: (user.set_password("another one, as long"), user.save()),
            lambda client, user: user.delete(),
        ],
        ids=["logged out", "switched off", "password changed", "deleted"],
    )
    def test_that_has_ended_opens_nothing(self, ending: Callable[[Any, User], Any], ada: User) -> None:
        client = SiteClient()
        client.post("/accounts/login", WORDS)
        stolen = SiteClient()
        stolen.cookies["sessionid"] = client.cookies["sessionid"].value
        assert stolen.get("/api/dashboard").status_code == 200
        ending(client, ada)
        assert stolen.get("/api/dashboard").status_code == 401
        assert stolen.get("/dashboard").status_code == 302

    def test_cookies_are_out_of_reach_of_scripts_and_other_sites(self, ada: User, settings: Any) -> None:
        settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
        client = SiteClient()
        client.get("/accounts/login")
        client.post("/accounts/login", WORDS)
        for name in ("sessionid", "csrftoken"):
            cookie = client.cookies[name]
            assert (cookie["samesite"], bool(cookie["secure"]), cookie["domain"]) == ("Lax", True, ""), name
        assert client.cookies["sessionid"]["httponly"]

    def test_is_nothing_to_a_token_that_is_wrong(self, ada: User) -> None:
        """Two kinds of credentials at once: the one that is named must be right."""
        client = SiteClient(headers={"Authorization": "Token " + "f" * 64})
        client.force_login(ada)
        assert client.get("/api/dashboard").status_code == 401


class TestToken:
    def answer(self, text: str) -> int:
        return SiteClient().get("/api/dashboard", headers={"Authorization": f"Token {text}"}).status_code

    def test_opens_until_it_ends(self, ada: User) -> None:
        row, text = AuthToken.objects.create(ada)
        assert self.answer(text) == 200
        assert self.answer(text[:-1]) == self.answer(text + "0") == self.answer(text.swapcase()) == 401
        row.expiry = timezone.now() - timedelta(seconds=1)
        row.save()
        assert self.answer(text) == 401

    def test_is_revoked_with_its_row_and_sleeps_with_its_account(self, ada: User) -> None:
        row, text = AuthToken.objects.create(ada)
        _, other = AuthToken.objects.create(ada)
        row.delete()
        assert (self.answer(text), self.answer(other)) == (401, 200)
        User.objects.filter(pk=ada.pk).update(is_active=False)
        assert self.answer(other) == 401

    def test_is_kept_as_a_hash_alone(self, ada: User) -> None:
        row, text = AuthToken.objects.create(ada)
        assert text not in row.digest
        assert len(row.token_key) < len(text) / 3

    def test_opens_no_page(self, ada: User) -> None:
        """A page acts by a session and a CSRF token; a token is for the API."""
        _, text = AuthToken.objects.create(ada)
        headers = {"Authorization": f"Token {text}"}
        for path in ("/dashboard", "/accounts/data", "/admin/"):
            assert SiteClient().get(path, headers=headers).status_code == 302


class TestGuessing:
    @pytest.mark.parametrize("path", LOG_INS)
    def test_one_password_on_every_name_is_slowed_down(self, path: str, settings: Any) -> None:
        settings.RATE_LIMITS = {"login": "5/minute"}
        statuses = [SiteClient().post(path, {"username": f"n{i}", "password": "x"}).status_code for i in range(7)]
        assert statuses == [200] * 5 + [429] * 2

    def test_the_limit_is_told_on_a_page(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"login": "1/hour"}
        SiteClient().post("/accounts/login", WORDS)
        answer = SiteClient().post("/accounts/login", WORDS)
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= 3600
        assert "no-store" in answer["Cache-Control"]
        assert "<h1" in answer.content.decode()

    def test_accounts_are_not_made_by_the_thousand(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"signup": "2/minute"}
        for i in range(4):
            form = {"username": f"n{i}", "password1": PASSWORD, "password2": PASSWORD}
            answer = SiteClient().post("/accounts/signup", form)
        assert answer.status_code == 429
        assert User.objects.count() == 2

    def test_names_are_not_looked_for_by_the_thousand(self, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {"signup": "2/minute"}
        form = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}
        assert [SiteClient().post("/accounts/signup", form).status_code for _ in range(3)] == [200, 200, 429]

    def test_empty_words_are_a_try_too(self, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {"close": "2/minute"}
        client = SiteClient()
        client.force_login(ada)
        pages = [client.post("/accounts/delete") for _ in range(3)]
        assert [page.status_code for page in pages] == [200] * 3
        assert ["Too many attempts" in page.content.decode() for page in pages] == [False, False, True]

    @pytest.mark.parametrize("path", ["/accounts/password", "/accounts/delete", "/admin/password_change/"])
    def test_an_open_session_does_not_tell_the_password(self, path: str, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {"login": "3/minute", "close": "3/minute"}
        client = SiteClient()
        client.force_login(ada)
        for _ in range(3):
            client.post(path, {"old_password": "wrong", "proof": "wrong"})
        new = "another one, as long"
        client.post(path, {"old_password": PASSWORD, "new_password1": new, "new_password2": new, "proof": PASSWORD})
        ada.refresh_from_db()
        assert ada.check_password(PASSWORD)

    def test_another_browser_each_time_does_not_open_the_lock(self, ada: User) -> None:
        for number in range(10):
            SiteClient().post("/accounts/login", WORDS | {"password": "x"}, headers={"User-Agent": f"Browser {number}"})
        assert SiteClient().post("/accounts/login", WORDS).status_code == 429

    def test_a_name_that_nobody_has_is_answered_and_locked_alike(self, ada: User) -> None:
        User.objects.create_user("sleeping", password=PASSWORD, is_active=False)
        User.objects.create_user("service")  # whose password is none
        told = {}
        for name in ("ada", "nobody", "sleeping", "service"):
            answers = [SiteClient().post("/accounts/login", {"username": name, "password": "x"}) for _ in range(11)]
            pages = [answer.content.decode().replace(f'value="{name}"', "") for answer in answers]
            pages = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page) for page in pages]
            told[name] = [(answer.status_code, page) for answer, page in zip(answers, pages, strict=True)]
        assert told["ada"] == told["nobody"] == told["sleeping"] == told["service"]
        assert told["ada"][-1][0] == 429

    def test_without_the_store_people_still_get_in(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*_: Any) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr("kv.web.throttling.check_identity", away)
        assert SiteClient().post("/accounts/login", WORDS).status_code == 302
