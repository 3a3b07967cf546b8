"""The pages of the e-mail address: enter, open the link, send again, change, delete; at sign-up; log in with it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse

from config.models import AccountMail, EmailAddress
from tests.config.letters import delivered, link_in, verify
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

PASSWORD = "a ledger well set"
SIGN_UP = {"username": "ada", "password1": PASSWORD, "password2": PASSWORD}
ADDRESS = "ada@example.org"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password=PASSWORD)


@pytest.fixture
def client(ada: User) -> SiteClient:
    found = SiteClient()
    found.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    return found


def enter(client: SiteClient, address: str = ADDRESS, password: str = PASSWORD) -> Any:
    return client.post("/accounts/email", {"email": address, "password": password}, follow=True)


def without_token(answer: Any) -> str:
    """The page but for its CSRF token, which is another each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())


class TestEntering:
    def test_sends_a_link_that_is_used_by_a_button(self, client: SiteClient, ada: User) -> None:
        assert "is on its way" in enter(client).content.decode()
        (message,) = delivered()
        assert message.to == [ADDRESS]
        link = link_in(message)
        for _ in range(2):  # programs look at links first
            assert "Confirm the address" in client.get(link).content.decode()
        ada.refresh_from_db()
        assert ada.email == ""
        answer = client.post(link, follow=True)
        assert "Your e-mail address is confirmed." in answer.content.decode()
        ada.refresh_from_db()
        assert ada.email == ADDRESS
        assert "This link is not valid" in client.get(link).content.decode()
        assert "This link is not valid" in client.post(link).content.decode()

    @pytest.mark.parametrize(("address", "password"), [(ADDRESS, "wrong"), ("ada", PASSWORD), ("", PASSWORD)])
    def test_needs_an_address_and_the_password(self, address: str, password: str, client: SiteClient) -> None:
        assert enter(client, address, password).status_code == 200
        assert not EmailAddress.objects.exists()
        assert delivered() == []

    def test_the_link_leads_to_the_log_in_first(self, client: SiteClient) -> None:
        enter(client)
        link = link_in(delivered()[0])
        stranger = SiteClient()
        assert stranger.get(link)["Location"].startswith("/accounts/login?next=/accounts/email/confirm/")
        assert stranger.post(link).status_code == 302
        eve = User.objects.create_user("eve", password=PASSWORD)
        stranger.force_login(eve, backend="django.contrib.auth.backends.ModelBackend")
        assert "You are logged in as eve." in stranger.get(link).content.decode()

    def test_an_address_of_another_is_told_in_its_mailbox_alone(self, client: SiteClient, ada: User) -> None:
        eve = User.objects.create_user("eve", password=PASSWORD)
        verify(eve, ADDRESS)
        taken = without_token(enter(client))
        (message,) = delivered()
        assert "It belongs to an account there" in message.body
        assert "/accounts/email/confirm/" not in message.body
        client.post("/accounts/email", {"action": "drop"}, follow=True)
        assert taken.replace(ADDRESS, "x@example.org") == without_token(enter(client, "x@example.org"))

    def test_again_is_a_new_link(self, client: SiteClient) -> None:
        enter(client)
        first = link_in(delivered()[0])
        assert "is on its way" in client.post("/accounts/email", {"action": "again"}, follow=True).content.decode()
        second = link_in(delivered()[0])
        assert "This link is not valid" in client.get(first).content.decode()
        assert "Confirm the address" in client.get(second).content.decode()

    def test_forgotten_it_is_gone(self, client: SiteClient) -> None:
        enter(client)
        client.post("/accounts/email", {"action": "drop"})
        assert not EmailAddress.objects.exists()
        assert delivered() == []
        assert client.post("/accounts/email", {"action": "again"}).status_code == 302

    def test_changed_tells_the_old_one(self, client: SiteClient, ada: User) -> None:
        verify(ada, "old@example.org")
        enter(client)
        client.post(link_in(delivered()[0]))
        (message,) = delivered()
        assert message.to == ["old@example.org"]
        assert "another e-mail address" in message.body

    def test_deleted_is_told(self, client: SiteClient, ada: User) -> None:
        verify(ada, ADDRESS)
        assert "id_password_error" in client.post("/accounts/email/remove", {"password": "wrong"}).content.decode()
        answer = client.post("/accounts/email/remove", {"password": PASSWORD}, follow=True)
        assert "is deleted" in answer.content.decode()
        ada.refresh_from_db()
        assert ada.email == ""
        assert delivered()[0].to == [ADDRESS]
        assert client.get("/accounts/email/remove").status_code == 302

    def test_many_mails_to_one_address_are_refused(self, client: SiteClient, settings: Any) -> None:
        settings.RATE_LIMITS = {"account_mail": "2/hour"}
        assert [enter(client, text).status_code for text in (ADDRESS, "ADA@example.org", ADDRESS)] == [200, 200, 429]

    def test_the_page_says_that_the_server_is_away(self, client: SiteClient) -> None:
        enter(client)
        AccountMail.objects.update(tries=1)
        assert "be reached just now" in client.get("/accounts/email").content.decode()

    def test_pages_are_for_the_logged_in_and_kept_by_no_cache(self, client: SiteClient, ada: User) -> None:
        verify(ada, ADDRESS)
        for path in (
            "/accounts/email",
            "/accounts/email/remove",
            "/accounts/email/confirm/x",
            "/accounts/recovery-codes",
        ):
            assert SiteClient().get(path).status_code == 302
            answer = client.get(path)
            assert answer.status_code == 200
            assert "no-store" in answer["Cache-Control"]
        assert client.get("/accounts/email/confirm/x")["Referrer-Policy"] == "same-origin"


class TestSignUp:
    def test_without_an_address_is_as_ever(self) -> None:
        client = SiteClient()
        assert client.post("/accounts/signup", SIGN_UP).status_code == 302
        assert client.post("/accounts/logout").status_code == 200
        assert delivered() == []

    def test_with_one_sends_a_link_and_logs_in(self) -> None:
        client = SiteClient()
        assert client.post("/accounts/signup", SIGN_UP | {"email": "Ada@Example.org"}).status_code == 302
        user = User.objects.get()
        assert (user.email, client.session["_auth_user_id"]) == ("", str(user.pk))
        (message,) = delivered()
        assert message.to == ["Ada@example.org"]
        client.post(link_in(message))
        user.refresh_from_db()
        assert user.email == "Ada@example.org"

    def test_one_that_is_none_is_an_error_of_its_field(self) -> None:
        answer = SiteClient().post("/accounts/signup", SIGN_UP | {"email": "ada"})
        assert "id_email_error" in answer.content.decode()
        assert not User.objects.exists()

    def test_one_that_many_mails_went_to_makes_the_account_all_the_same(self, settings: Any) -> None:
        settings.RATE_LIMITS = {"account_mail": "1/hour"}
        for name in ("ada", "bea"):
            answer = SiteClient().post("/accounts/signup", SIGN_UP | {"username": name, "email": ADDRESS})
            assert answer.status_code == 302
        assert EmailAddress.objects.count() == 1

    def test_without_mail_nothing_is_asked(self, without_mail: None) -> None:
        client = SiteClient()
        assert 'name="email"' not in client.get("/accounts/signup").content.decode()
        assert client.post("/accounts/signup", SIGN_UP | {"email": ADDRESS}).status_code == 302
        assert not EmailAddress.objects.exists()
        profile = client.get("/accounts/profile").content.decode()
        assert "/accounts/email" not in profile
        assert "this site sends no mail" in profile
        assert client.get("/accounts/email").status_code == 302


def test_mails_speak_the_readers_language(client: SiteClient) -> None:
    for language, words in (("fr", "Confirmez"), ("de", "Bestätigen"), ("es", "Confirme")):
        client.post(f"/{language}/accounts/email", {"email": f"{language}@example.org", "password": PASSWORD})
        (message,) = delivered()
        assert words in message.subject
        assert f"/{language}/accounts/email/confirm/" in message.body


def test_links_are_of_the_site_whatever_the_request_says(ada: User, settings: Any) -> None:
    settings.SITE_URL = "https://count.example.org"
    settings.ALLOWED_HOSTS = ["*"]
    client = SiteClient(HTTP_HOST="evil.example")
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    enter(client)
    (message,) = delivered()
    assert "https://count.example.org/accounts/email/confirm/" in message.body
    assert "evil" not in str(message.message())


def test_mail_is_sent_by_nobody_but_the_worker(client: SiteClient) -> None:
    mail.outbox.clear()
    enter(client)
    assert mail.outbox == []


def test_the_download_has_the_addresses(client: SiteClient, ada: User) -> None:
    verify(ada, ADDRESS)
    enter(client, "new@example.org")
    account = json.loads(client.get(reverse("usertokens:download")).getvalue())["account"]
    assert account["email"] == ADDRESS
    assert {row["address"]: row["verified_at"] is not None for row in account["email_addresses"]} == {
        ADDRESS: True,
        "new@example.org": False,
    }
    assert account["recovery_codes_left"] == 0
