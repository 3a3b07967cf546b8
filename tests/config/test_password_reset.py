"""The ways back in: a link in a mail, and recovery codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.mail_queue import RESET, queue_mail
from config.models import AccountMail, OpenSession
from tests.config.letters import ADDRESS, NEW, NEW_TWICE, PASSWORD, can_log_in, delivered, link_in
from tests.config.staff import enter_password, is_logged_in
from tests.site_client import SiteClient

if TYPE_CHECKING:
    from collections.abc import Callable

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


def ask(address: str = ADDRESS, client: SiteClient | None = None) -> Any:
    return (client or SiteClient()).post("/accounts/password/reset", {"email": address}, follow=True)


def asked_link() -> str:
    ask()
    return link_in(delivered()[0])


class TestByMail:
    def test_sets_the_password_once(self, ada: User) -> None:
        link = asked_link()
        client, second = SiteClient(), SiteClient()
        for one in (client, second):
            for _ in range(2):  # programs look at links first
                page = one.get(link, follow=True)
                assert "For your account" in page.content.decode()
        assert page.redirect_chain[-1][0].endswith("/set-password")
        assert page["Referrer-Policy"] == "same-origin"
        form = page.redirect_chain[-1][0]
        answer = client.post(form, NEW_TWICE, follow=True)
        assert answer.redirect_chain == [("/accounts/password/reset/done", 302)]
        assert "The password of ada is set" in answer.content.decode()
        assert can_log_in("ada", NEW)
        for answer in (second.post(form, NEW_TWICE), client.post(form, NEW_TWICE), client.get(link), client.get(form)):
            assert "This link is not valid" in answer.content.decode()

    def test_ends_every_session(self, ada: User) -> None:
        elsewhere = SiteClient()
        elsewhere.post("/accounts/login", {"username": "ada", "password": PASSWORD})
        ada.refresh_from_db()
        assert OpenSession.objects.count() == 1
        client = SiteClient()
        form = client.get(asked_link(), follow=True).redirect_chain[-1][0]
        client.post(form, NEW_TWICE)
        assert elsewhere.get("/accounts/profile").status_code == 302
        assert not OpenSession.objects.exists()
        assert "_auth_user_id" not in client.session

    @pytest.mark.parametrize("is_staff", [False, True])
    def test_in_a_browser_that_is_logged_in(self, is_staff: bool, ada: User) -> None:
        client = SiteClient()
        client.post("/accounts/login", {"username": "ada", "password": PASSWORD})
        if is_staff:  # whose second factor came later: the session is known, and its user is not
            User.objects.update(is_staff=True)
            TOTPDevice.objects.create(user=ada, name="app")
        ada.refresh_from_db()
        form = client.get(asked_link(), follow=True).redirect_chain[-1][0]
        answer = client.post(form, NEW_TWICE, follow=True)
        assert answer.redirect_chain == [("/accounts/password/reset/done", 302)]
        assert "The password of ada is set" in answer.content.decode()
        assert "_auth_user_id" not in client.session
        assert can_log_in("ada", NEW) != is_staff

    def test_leaves_another_user_logged_in(self, ada: User) -> None:
        User.objects.create_user("bea", password=PASSWORD)
        client = SiteClient()
        client.post("/accounts/login", {"username": "bea", "password": PASSWORD})
        form = client.get(asked_link(), follow=True).redirect_chain[-1][0]
        assert client.post(form, NEW_TWICE).status_code == 302
        assert "_auth_user_id" in client.session

    def test_is_told_by_mail(self, ada: User) -> None:
        client = SiteClient()
        client.post(client.get(asked_link(), follow=True).redirect_chain[-1][0], NEW_TWICE)
        (message,) = delivered()
        assert (message.to, "was changed" in message.subject) == ([ADDRESS], True)

    def test_ends_the_lock(self, ada: User) -> None:
        for typed in ("ada", ADDRESS) * 10:
            SiteClient().post("/accounts/login", {"username": typed, "password": "wrong"})
        assert not can_log_in("ada", PASSWORD)
        client = SiteClient()
        client.post(client.get(asked_link(), follow=True).redirect_chain[-1][0], NEW_TWICE)
        assert can_log_in("ada", NEW)
        assert can_log_in(ADDRESS, NEW)
        assert not AccessAttempt.objects.exists()

    def test_staff_still_need_their_code(self, staff: User) -> None:
        client = SiteClient()
        client.post(client.get(asked_link(), follow=True).redirect_chain[-1][0], NEW_TWICE)
        assert not is_logged_in(enter_password(password=NEW))
        assert not is_logged_in(client)

    @pytest.mark.parametrize(
        "change",
        [
            lambda: User.objects.update(is_active=False),
            lambda: User.objects.update(email="other@example.org"),
            lambda: can_log_in("ada", PASSWORD),
            lambda: User.objects.all().delete(),
        ],
        ids=["disabled", "another address", "logged in", "deleted"],
    )
    def test_is_of_no_use_when_the_account_changed(self, change: Callable[[], Any], ada: User) -> None:
        link = asked_link()
        change()
        client = SiteClient()
        page = client.get(link, follow=True)
        if "new_password1" in page.content.decode():  # a disabled user's link opens, and sets nothing
            page = client.post(page.redirect_chain[-1][0], NEW_TWICE)
        assert "This link is not valid" in page.content.decode()
        assert not can_log_in("ada", NEW)

    def test_has_an_hour(self, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
        link = asked_link()
        later = datetime.now() + timedelta(seconds=3605)  # noqa: DTZ005 (as Django's)
        monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda _: later)
        assert "This link is not valid" in SiteClient().get(link, follow=True).content.decode()

    @pytest.mark.parametrize("path", ["x/y", "MQ/set-password", "%00/x", "MQ/" + "x" * 500, "/x", "w4k/é"])
    def test_of_nothing(self, path: str, ada: User) -> None:
        answer = SiteClient().get(f"/accounts/password/reset/{path}")
        assert answer.status_code in (200, 404)

    @pytest.mark.parametrize(("first", "second"), [(NEW, "not the same"), ("12345678", "12345678"), ("", "")])
    def test_a_password_that_is_refused_leaves_the_link(self, first: str, second: str, ada: User) -> None:
        client = SiteClient()
        form = client.get(asked_link(), follow=True).redirect_chain[-1][0]
        page = client.post(form, {"new_password1": first, "new_password2": second}).content.decode()
        assert "error-summary" in page
        assert client.post(form, NEW_TWICE).status_code == 302


class TestAsking:
    def test_answers_alike_and_does_as_much(self, ada: User) -> None:
        User.objects.create_user("bea", "both@example.org", PASSWORD)
        User.objects.create_user("cleo", "both@example.org", PASSWORD)
        User.objects.create_user("service", "service@example.org")
        User.objects.create_user("gone", "gone@example.org", PASSWORD, is_active=False)
        pages, shapes = set(), set()
        for address in (
            ADDRESS,
            "ADA@EXAMPLE.ORG",
            *(f"{name}@example.org" for name in ("nobody", "both", "service", "gone")),
        ):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                pages.add(ask(address).content)
            shapes.add(tuple(query["sql"].split(" ")[0] for query in asked.captured_queries))
        assert len(pages) == 1
        assert len(shapes) == 1
        assert [message.to for message in delivered()] == [[ADDRESS]]

    def test_what_is_no_address_is_an_error_of_the_field(self) -> None:
        for text in ("", "ada", "ada@example.org\r\nBcc: eve@example.org"):
            assert "id_email_error" in ask(text).content.decode()
        assert not AccountMail.objects.exists()

    def test_is_limited_by_caller_and_by_address(self, ada: User, settings: Any) -> None:
        settings.RATE_LIMITS = {"account_mail": "2/hour"}
        assert [ask(text).status_code for text in (ADDRESS, "ADA@example.org", ADDRESS)] == [200, 200, 429]
        assert [ask("nobody@example.org").status_code for _ in range(3)] == [200, 200, 429]
        settings.RATE_LIMITS = {"password_reset": "2/hour"}
        statuses = [
            SiteClient(REMOTE_ADDR="203.0.113.9").post("/accounts/password/reset", {"email": f"{n}@e.org"})
            for n in range(3)
        ]
        assert [answer.status_code for answer in statuses] == [302, 302, 429]

    def test_twice_is_one_mail(self, ada: User) -> None:
        ask()
        ask("ADA@example.org")
        assert len(delivered()) == 1

    def test_what_nobody_asked_for_is_not_kept(self, ada: User) -> None:
        for number in range(3):
            ask(f"nobody{number}@example.org")
        assert AccountMail.objects.count() == 1
        assert delivered() == []
        assert not AccountMail.objects.exists()

    def test_a_name_in_the_mail_is_text(self) -> None:
        User.objects.create_user("a&b", ADDRESS, PASSWORD)
        ask()
        (message,) = delivered()
        assert "a&b" in message.body
        assert "a&amp;b" in message.alternatives[0].content

    def test_pages_lead_there(self) -> None:
        assert 'href="/fr/accounts/password/reset"' in SiteClient().get("/fr/accounts/login").content.decode()

    def test_without_mail_recovery_codes_are_the_way(self, ada: User, without_mail: None) -> None:
        client = SiteClient()
        answer = client.get("/accounts/password/reset", follow=True)
        assert answer.redirect_chain == [("/accounts/recover", 302)]
        assert "This site sends no mail" in answer.content.decode()
        assert "/accounts/password/reset" not in answer.content.decode()
        assert ask().redirect_chain == [("/accounts/recover", 302)]
        queue_mail(RESET, ada, language="en")
        assert not AccountMail.objects.exists()


def test_a_changed_password_is_told_by_mail(ada: User) -> None:
    client = SiteClient()
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/accounts/password", {"old_password": PASSWORD} | NEW_TWICE)
    (message,) = delivered()
    assert (message.to, "was changed" in message.subject) == ([ADDRESS], True)
