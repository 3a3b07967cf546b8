"""Where users choose their mails, and where staff see the outbox."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from kv.times import utc_now
from tests.usertokens.mailing import mail_settings
from usertokens.models import MailChoice, OutgoingMail
from usertokens.services import accounts
from usertokens.services.mail_choices import language_of, make_token, read_choices
from usertokens.services.mails import queue_mail


@pytest.fixture
def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class TestChoices:
    def test_says_that_the_site_sends_none(self, page: Client) -> None:
        assert "This site sends no e-mails." in page.get("/accounts/mails").text

    def test_says_where_they_go(self, page: Client, user: User, settings: Any) -> None:
        for name, value in mail_settings("django.core.mail.backends.locmem.EmailBackend").items():
            setattr(settings, name, value)
        assert "no e-mail address" in page.get("/accounts/mails").text
        User.objects.update(email="ada@example.net")
        assert "They go to ada@example.net." in page.get("/accounts/mails").text

    def test_is_found_from_the_account(self, page: Client) -> None:
        assert 'href="/accounts/mails"' in page.get("/accounts/profile").text

    def test_strangers_log_in_first(self, db: None) -> None:
        assert Client().get("/accounts/mails").headers["Location"].startswith("/accounts/login")

    def test_offers_what_the_site_sends(self, page: Client, user: User) -> None:
        """Nothing is sold here: no receipt is offered, and none is switched off by saving the page."""
        assert "Receipt" not in page.get("/accounts/mails").text
        page.post("/accounts/mails", {"language": "de"})
        left_on = [name for name, is_on in read_choices(str(user.pk)).items() if is_on]
        assert left_on == ["payment_failed", "receipt", "automatic_topup"]

    def test_saves_what_is_chosen(self, page: Client, user: User, settings: Any) -> None:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_x", ("whsec_x",)
        user_id = str(user.pk)
        kinds = ["allowance", "receipt", "payment_failed", "plan_changed", "expiring", "budget"]
        answer = page.post("/accounts/mails", {"kinds": kinds, "language": "de"}, follow=True)
        assert "Your choice of e-mails is saved." in answer.text
        assert [name for name, is_on in read_choices(user_id).items() if not is_on] == ["low_balance"]
        assert language_of(user_id) == "de"
        assert MailChoice.objects.count() == 2
        page.post("/accounts/mails", {"language": "de"})
        # Without packages there is no automatic top-up to tell of.
        assert [name for name, is_on in read_choices(user_id).items() if is_on] == ["automatic_topup"]
        assert answer.text.count(" checked") == 6

    @pytest.mark.parametrize(
        "data", [{}, {"language": "xx"}, {"language": "de", "kinds": "nothing"}, {"language": "de\0"}]
    )
    def test_refuses_what_is_no_choice(self, page: Client, user: User, data: dict[str, str]) -> None:
        answer = page.post("/accounts/mails", data)
        assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
        assert MailChoice.objects.count() == 0

    @pytest.mark.parametrize("language", ["fr", "de", "es"])
    def test_in_every_language(self, page: Client, language: str) -> None:
        assert page.get(f"/{language}/accounts/mails").status_code == 200


class TestStop:
    def test_asks_first(self, db: None, store: Any, user: User) -> None:
        path = f"/accounts/mails/stop/{make_token(str(user.pk), 'receipt')}"
        answer = Client().get(path)
        assert "Stop these e-mails?" in answer.text
        assert "no-store" in answer.headers["Cache-Control"]
        assert MailChoice.objects.count() == 0
        assert "You get no more “Receipt” e-mails." in Client().post(path).text
        assert MailChoice.objects.count() == 1

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_refuses_what_is_not_signed(self, user: User, method: str) -> None:
        token = make_token(str(user.pk), "receipt")
        for bad in (token[:-1], "x" + token, "x", "a:b:c", "%00", "é", "x" * 2000):
            answer = getattr(Client(), method)(f"/accounts/mails/stop/{bad}")
            assert (answer.status_code, "This link is not valid" in answer.text) == (404, True), bad
        assert MailChoice.objects.count() == 0

    def test_writes_nothing_about_who_is_gone(self, user: User) -> None:
        path = f"/accounts/mails/stop/{make_token(str(user.pk), 'receipt')}"
        accounts.delete_account(user)
        assert Client().post(path).status_code == 404
        assert MailChoice.objects.count() == 0


class TestAdmin:
    @pytest.fixture
    def outbox(self, user: User, settings: Any) -> OutgoingMail:
        for name, value in mail_settings("django.core.mail.backends.locmem.EmailBackend").items():
            setattr(settings, name, value)
        queue_mail(str(user.pk), "receipt", "in_1", {"url": "https://pay.stripe.com/secret"})
        OutgoingMail.objects.update(state="failed", attempts=8, note="refused: 550")
        return OutgoingMail.objects.get()

    def staff(self, *codenames: str) -> Client:
        staff = User.objects.create_user("staff", is_staff=True)
        staff.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(staff)
        return client

    def test_shows_the_outbox_without_what_mails_say(self, outbox: OutgoingMail) -> None:
        client = self.staff("view_outgoingmail")
        listed = client.get("/admin/usertokens/outgoingmail/").text
        shown = client.get(f"/admin/usertokens/outgoingmail/{outbox.pk}/change/").text
        assert "refused: 550" in listed
        assert "in_1" in shown
        assert "secret" not in listed + shown
        assert "Send the chosen failed e-mails again" not in listed

    def test_sends_failed_mails_again(self, outbox: OutgoingMail) -> None:
        client = self.staff("view_outgoingmail", "retry_mail")
        data = {"action": "retry", "_selected_action": outbox.pk}
        answer = client.post("/admin/usertokens/outgoingmail/", data, follow=True)
        assert "1 e-mail is in the queue again." in answer.text
        outbox.refresh_from_db()
        assert (outbox.state, outbox.attempts, outbox.note) == ("waiting", 0, "")
        assert utc_now() >= outbox.due_at

    def test_says_why_a_mail_was_not_sent(self, outbox: OutgoingMail) -> None:
        OutgoingMail.objects.update(state="skipped", note="no_address")
        listed = self.staff("view_outgoingmail").get("/admin/usertokens/outgoingmail/?state=skipped").text
        assert "The account has no e-mail address." in listed

    def test_is_closed_to_others(self, outbox: OutgoingMail) -> None:
        assert self.staff("view_any").get("/admin/usertokens/outgoingmail/").status_code == 403
