"""The account pages over HTTP: sign up, log in and out, change the password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config.accounts.forms import SignUpForm

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

PASSWORD = "a ledger well set"
SIGN_UP = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


def signed_in(client: Client) -> bool:
    return client.get("/accounts/profile").status_code == 200


class TestSignUp:
    def test_signs_in_and_goes_to_the_dashboard(self, client: Client) -> None:
        response = client.post("/accounts/signup", SIGN_UP)
        assert (response.status_code, response["Location"]) == (302, "/dashboard")
        assert signed_in(client)

    def test_keeps_the_language(self, client: Client) -> None:
        assert client.post("/de/accounts/signup", SIGN_UP)["Location"] == "/de/dashboard"

    def test_honours_a_safe_next(self, client: Client) -> None:
        assert client.post("/accounts/signup", SIGN_UP | {"next": "/pay"})["Location"] == "/pay"

    @pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
    def test_ignores_a_next_that_leads_away(self, client: Client, target: str) -> None:
        assert client.post("/accounts/signup", SIGN_UP | {"next": target})["Location"] == "/dashboard"

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"username": ""}, "username"),
            ({"username": "a b"}, "username"),
            ({"password2": "another"}, "password2"),
            ({"password1": "12345678", "password2": "12345678"}, "password2"),
        ],
    )
    def test_ties_each_error_to_its_field(self, client: Client, change: dict[str, str], field: str) -> None:
        html = client.post("/accounts/signup", SIGN_UP | change).content.decode()
        assert f'id="id_{field}_error"' in html
        assert re.search(rf'aria-describedby="[^"]*id_{field}_error', html)
        assert PASSWORD not in html
        assert not User.objects.exists()

    def test_refuses_a_name_that_is_taken(self, client: Client, ada: User) -> None:
        assert "id_username_error" in client.post("/accounts/signup", SIGN_UP | {"username": "ada"}).content.decode()

    def test_refuses_a_name_that_is_taken_at_the_same_moment(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        save = SignUpForm.save

        def save_second(form: SignUpForm, **options: Any) -> User:
            User.objects.create_user("ada", password=PASSWORD)  # a double click: the other request was quicker
            return save(form, **options)

        monkeypatch.setattr(SignUpForm, "save", save_second)
        response = client.post("/accounts/signup", SIGN_UP)
        assert response.status_code == 200
        assert "id_username_error" in response.content.decode()
        assert not signed_in(client)

    def test_is_for_those_without_an_account(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        assert client.get("/accounts/signup")["Location"] == "/accounts/profile"

    def test_asks_for_the_token(self) -> None:
        response = Client(enforce_csrf_checks=True).post("/accounts/signup", SIGN_UP)
        assert response.status_code == 403
        assert "could not be checked" in response.content.decode()


class TestLogIn:
    def test_goes_to_the_dashboard(self, client: Client, ada: User) -> None:
        response = client.post("/accounts/login", {"username": "ada", "password": PASSWORD})
        assert (response.status_code, response["Location"]) == (302, "/dashboard")
        assert signed_in(client)

    def test_honours_a_safe_next_only(self, client: Client, ada: User) -> None:
        known = {"username": "ada", "password": PASSWORD}
        assert client.post("/accounts/login", known | {"next": "/pay"})["Location"] == "/pay"
        client.logout()
        assert client.post("/accounts/login", known | {"next": "//elsewhere.example"})["Location"] == "/dashboard"

    def test_leads_the_signed_in_to_the_account(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        assert client.get("/accounts/login")["Location"] == "/accounts/profile"

    def test_does_not_tell_which_of_the_two_was_wrong(self, client: Client, ada: User) -> None:
        pages = [
            client.post("/accounts/login", {"username": name, "password": "wrong"}).content.decode()
            for name in ("ada", "bob")
        ]
        assert all("The username or e-mail address, or the password, is wrong" in page for page in pages)

    def test_without_mail_speaks_of_no_address(self, client: Client, ada: User, without_mail: None) -> None:
        page = client.post("/accounts/login", {"username": "ada", "password": "wrong"}).content.decode()
        assert "The username or the password is wrong" in page

    def test_closes_after_too_many_wrong_tries(self, client: Client, ada: User, settings: Settings) -> None:
        for _ in range(settings.AXES_FAILURE_LIMIT):
            response = client.post("/accounts/login", {"username": "ada", "password": "wrong"})
        assert response.status_code == 429
        assert response["Retry-After"] == "900"
        assert "Wait 15 minutes" in response.content.decode()
        assert client.post("/accounts/login", {"username": "ada", "password": PASSWORD}).status_code == 429


class TestAccount:
    def test_is_for_the_signed_in(self, client: Client) -> None:
        assert client.get("/fr/accounts/profile")["Location"] == "/fr/accounts/login?next=/fr/accounts/profile"

    def test_says_who_is_signed_in(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        assert "You are logged in as ada." in client.get("/accounts/profile").content.decode()

    def test_log_out_takes_a_post_and_says_so(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        assert client.get("/accounts/logout").status_code == 405
        assert signed_in(client)
        response = client.post("/accounts/logout")
        assert response.status_code == 200
        assert "You are logged out" in response.content.decode()
        assert not signed_in(client)

    def test_password_is_changed_and_the_session_lasts(self, client: Client, ada: User) -> None:
        elsewhere = Client()
        client.force_login(ada)
        elsewhere.force_login(ada)
        new = "another ledger, as well set"
        response = client.post(
            "/accounts/password", {"old_password": PASSWORD, "new_password1": new, "new_password2": new}, follow=True
        )
        assert "Your password is changed" in response.content.decode()
        assert signed_in(client)
        assert not signed_in(elsewhere)
        ada.refresh_from_db()
        assert ada.check_password(new)

    def test_wrong_old_password_changes_nothing(self, client: Client, ada: User) -> None:
        client.force_login(ada)
        form = {"old_password": "wrong", "new_password1": "x7 ledger of mine", "new_password2": "x7 ledger of mine"}
        assert "id_old_password_error" in client.post("/accounts/password", form).content.decode()
        ada.refresh_from_db()
        assert ada.check_password(PASSWORD)


@pytest.mark.parametrize("path", ["/accounts/login", "/accounts/signup", "/es/accounts/login"])
def test_pages_are_kept_by_no_cache(client: Client, path: str) -> None:
    response: Any = client.get(path)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/accounts/profile", "/accounts/password", "/accounts/password/done"])
def test_pages_of_one_person_are_kept_by_no_cache(client: Client, ada: User, path: str) -> None:
    client.force_login(ada)
    response: Any = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
