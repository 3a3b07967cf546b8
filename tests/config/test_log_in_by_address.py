"""Log in by name or by e-mail address."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import hashers
from django.contrib.auth.models import User

from config.verification import claim_address
from tests.config.letters import ADDRESS, PASSWORD, verify
from tests.config.staff import LOGIN_PAGES
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


class TestLogIn:
    @pytest.fixture(autouse=True)
    def _verified(self, ada: User) -> None:
        ada.is_staff = ada.is_superuser = True
        ada.save()
        verify(ada, ADDRESS)

    @pytest.mark.parametrize("page", LOGIN_PAGES)
    @pytest.mark.parametrize("typed", [ADDRESS, "ADA@Example.org", f" {ADDRESS} ", "ada"])
    def test_with_name_or_address(self, page: str, typed: str, ada: User) -> None:
        client = SiteClient()
        assert client.post(page, {"username": typed, "password": PASSWORD}).status_code == 302
        assert client.session["_auth_user_id"] == str(ada.pk)
        assert client.get("/accounts/profile").status_code == 200

    def test_an_address_that_waits_logs_nobody_in(self, ada: User) -> None:
        claim_address(ada, "new@example.org", language="en")
        client = SiteClient()
        client.post("/accounts/login", {"username": "new@example.org", "password": PASSWORD})
        assert "_auth_user_id" not in client.session

    def test_a_name_that_looks_like_an_address_takes_nothing_over(self, ada: User) -> None:
        eve = User.objects.create_user(ADDRESS, password="eve has another one")
        for password, user in ((PASSWORD, ada), ("eve has another one", eve), ("neither of them", None)):
            client = SiteClient()
            client.post("/accounts/login", {"username": ADDRESS, "password": password})
            assert client.session.get("_auth_user_id") == (str(user.pk) if user else None)

    def test_an_address_of_two_logs_nobody_in(self) -> None:
        for name in ("bea", "cleo"):
            User.objects.create_user(name, "both@example.org", PASSWORD)
        client = SiteClient()
        client.post("/accounts/login", {"username": "both@example.org", "password": PASSWORD})
        assert "_auth_user_id" not in client.session

    def test_is_locked_after_ten_tries_however_it_is_written(self) -> None:
        spellings = [ADDRESS, "ADA@example.org", "Ada@EXAMPLE.org", " ada@example.org", "ａda@example.org"]
        for typed in spellings * 2:
            answer = SiteClient().post("/accounts/login", {"username": typed, "password": "wrong"})
        assert answer.status_code == 429
        answer = SiteClient().post("/accounts/login", {"username": ADDRESS, "password": PASSWORD})
        assert answer.status_code == 429

    def test_is_locked_after_ten_tries_whatever_the_domain_hides(self) -> None:
        hidden = ("\u00ad", "\u200b", "\u200d", "\u2060", "\ufe0f")
        for typed in [ADDRESS.replace("ple", mark * times + "ple") for times in (1, 2) for mark in hidden]:
            answer = SiteClient().post("/accounts/login", {"username": typed, "password": "wrong"})
        assert answer.status_code == 429
        answer = SiteClient().post("/accounts/login", {"username": ADDRESS, "password": PASSWORD})
        assert answer.status_code == 429

    @pytest.mark.parametrize("own", [ADDRESS, "eve@example.org"])
    def test_a_name_like_an_address_forgives_no_guesses_at_it(self, own: str) -> None:
        eve = User.objects.create_user(ADDRESS, password="eve has another one")
        verify(eve, "eve@example.org")
        for _ in range(2):
            for _ in range(5):
                answer = SiteClient().post("/accounts/login", {"username": ADDRESS, "password": "wrong"})
            if answer.status_code != 429:
                answer = SiteClient().post("/accounts/login", {"username": own, "password": "eve has another one"})
                assert answer.status_code == 302
        assert answer.status_code == 429

    def test_signing_up_with_an_address_as_the_name_forgives_no_guesses_at_it(self) -> None:
        for _ in range(9):
            SiteClient().post("/accounts/login", {"username": ADDRESS, "password": "wrong"})
        taken = {"username": ADDRESS, "password1": "eve has another one", "password2": "eve has another one"}
        assert SiteClient().post("/accounts/signup", taken).status_code == 302
        answer = SiteClient().post("/accounts/login", {"username": ADDRESS, "password": "wrong"})
        assert answer.status_code == 429

    def test_wrong_tries_are_forgiven_by_a_right_one(self) -> None:
        for _ in range(2):
            for _ in range(9):
                SiteClient().post("/accounts/login", {"username": ADDRESS, "password": "wrong"})
            answer = SiteClient().post("/accounts/login", {"username": ADDRESS, "password": PASSWORD})
            assert answer.status_code == 302
        assert not AccessAttempt.objects.exists()

    @pytest.mark.parametrize(
        ("typed", "hashes"), [(ADDRESS, 1), ("nobody@example.org", 1), ("eve@example.org", 2), ("cleo@example.org", 2)]
    )
    def test_costs_the_same_whether_or_not_an_address_is_known(
        self, typed: str, hashes: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        User.objects.create_user("eve@example.org", password=PASSWORD)
        User.objects.create_user("cleo@example.org", password=PASSWORD)
        User.objects.create_user("cleo", "cleo@example.org", PASSWORD)
        computed = []
        encode = hashers.MD5PasswordHasher.encode

        def counted(*args: Any) -> str:
            computed.append(1)
            return encode(*args)

        monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counted)
        SiteClient().post("/accounts/login", {"username": typed, "password": "wrong"})
        assert len(computed) == hashes
