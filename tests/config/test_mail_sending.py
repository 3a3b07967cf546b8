"""Mails about accounts on their way to a real mail server: what it gets, and what happens while it is away."""

from __future__ import annotations

import itertools
import logging
import smtplib
import ssl
from datetime import timedelta
from email.utils import parseaddr
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from config import duties, letters, verification
from config.mail_queue import CHANGED, CODES, CONFIRM, DUTY, PASSWORD, REMOVED, RESET, is_delayed, queue_mail
from config.mail_sending import send_mails
from config.models import AccountMail
from kv import keys
from kv.store.connection import connection
from tests.config.letters import ADDRESS, LINK
from tests.config.letters import PASSWORD as OWN_PASSWORD
from tests.ports import free_port
from tests.site_client import SiteClient
from tests.usertokens.mailing import mail_server, part, sending_to

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", ADDRESS, OWN_PASSWORD)


def queue_each(user: User, language: str = "en") -> None:
    """One mail of each kind."""
    verification.claim_address(user, "new@example.org", language=language)
    for kind, address in (
        *((kind, "") for kind in (RESET, PASSWORD, CODES)),
        (CHANGED, "old@example.org"),
        (REMOVED, "older@example.org"),
    ):
        queue_mail(kind, user, language=language, address=address)


def said(caplog: pytest.LogCaptureFixture) -> str:
    """What the site has logged; the mail server of the test logs too."""
    return " ".join(record.getMessage() for record in caplog.records if record.name != "mail.log")


@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_each_is_text_and_html_in_the_readers_language(language: str, ada: User) -> None:
    with mail_server() as mailbox:
        queue_each(ada, language)
        assert not send_mails()
        mails = mailbox.mails
    assert [mail["To"] for mail in mails] == [
        "new@example.org",
        ADDRESS,
        ADDRESS,
        ADDRESS,
        "old@example.org",
        "older@example.org",
    ]
    for mail in mails:
        assert parseaddr(mail["From"])[1] == "noreply@example.org"
        assert (mail["Content-Language"], mail["Auto-Submitted"]) == (language, "auto-generated")
        text, html = part(mail, "plain"), part(mail, "html")
        links = LINK.findall(text)
        assert links[0] in html.replace("&amp;", "&")
        assert links[0].startswith("https://example.org/")
        assert f'<html lang="{language}"' in html
        assert "<img" not in html
        assert max(map(len, text.splitlines())) < 1000
    subjects = [str(mail["Subject"]) for mail in mails]
    assert len(set(subjects)) == len(subjects)
    assert ("Your password" in subjects[2]) == (language == "en")


def test_without_a_server_they_wait_and_the_page_says_so(ada: User, caplog: pytest.LogCaptureFixture) -> None:
    now = timezone.now()
    verification.claim_address(ada, "new@example.org", language="en", now=now)
    with sending_to(free_port()), caplog.at_level(logging.DEBUG):
        assert not send_mails(now=now)
    client = SiteClient()
    client.force_login(ada, backend="django.contrib.auth.backends.ModelBackend")
    assert is_delayed(CONFIRM, ada)
    assert "be reached just now" in client.get("/accounts/email").content.decode()
    assert "@example.org" not in said(caplog)
    with mail_server() as mailbox:
        send_mails(now=now + timedelta(seconds=5))
        assert mailbox.taken == []
        send_mails(now=now + timedelta(seconds=16))
        assert [recipients for recipients, _ in mailbox.taken] == [["new@example.org"]]
    assert not AccountMail.objects.exists()


def test_tries_are_further_and_further_apart_and_end(ada: User) -> None:
    now = timezone.now()
    queue_mail(CHANGED, ada, language="en", address="old@example.org", now=now)
    with sending_to(free_port()):
        for pause in (15, 30, 60):
            send_mails(now=now)
            waits = AccountMail.objects.get()
            assert waits.due_at == now + timedelta(seconds=pause)
            now = waits.due_at
        send_mails(now=now + timedelta(hours=24))
    assert not AccountMail.objects.exists()


def test_a_late_link_for_a_password_is_not_sent(ada: User) -> None:
    queue_mail(RESET, ada, language="en", now=timezone.now() - timedelta(hours=2))
    with mail_server() as mailbox:
        send_mails()
        assert mailbox.taken == []
    assert not AccountMail.objects.exists()


@pytest.mark.parametrize(
    ("recipient", "message", "waits"),
    [("550 no such user", "", False), ("451 later", "", True), ("", "554 spam", False), ("", "451 later", True)],
)
def test_what_the_server_refuses(
    recipient: str, message: str, waits: bool, ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server() as mailbox:
        mailbox.refuse_recipient, mailbox.refuse_message = recipient, message
        queue_mail(RESET, ada, language="en")
        send_mails()
    assert AccountMail.objects.exists() == waits
    assert "example.org" not in said(caplog)


@pytest.mark.parametrize(
    "error",
    [
        ssl.SSLCertVerificationError("certificate has expired"),
        UnicodeError("label too long"),
        smtplib.SMTPAuthenticationError(535, b"no"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_the_servers_fault_loses_no_mail(error: Exception, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise error

    queue_mail(RESET, ada, language="en")
    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    send_mails()
    assert AccountMail.objects.get().tries == 1


def test_what_is_no_mail_is_dropped(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    queue_mail(RESET, ada, language="en")
    monkeypatch.setattr("config.mail_sending.site_name", lambda: "example.org\nBcc: eve@example.org")
    with mail_server() as mailbox:
        send_mails()
        assert mailbox.taken == []
    assert not AccountMail.objects.exists()


def test_sent_twice_it_is_one_mail(ada: User) -> None:
    with mail_server() as mailbox:
        queue_mail(RESET, ada, language="en")
        row = AccountMail.objects.get()
        send_mails()
        row.save()  # the worker died before it noted that the server had it
        send_mails()
        first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_one_that_fails_stops_no_other_for_good(ada: User) -> None:
    bea = User.objects.create_user("bea", "bea@example.org", OWN_PASSWORD)
    now = timezone.now()
    for user in (ada, bea):
        queue_mail(RESET, user, language="en", now=now)
    with mail_server() as mailbox:
        mailbox.refuse_recipient = "451 later"
        send_mails(now=now)
        mailbox.refuse_recipient = ""
        send_mails(now=now)
        assert [recipients for recipients, _ in mailbox.taken] == [["bea@example.org"]]


def test_one_that_cant_be_written_stops_no_other(
    ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bea = User.objects.create_user("bea", "bea@example.org", OWN_PASSWORD)
    now = timezone.now()
    for user in (ada, bea):
        queue_mail(RESET, user, language="en", now=now)

    def compose(mail: AccountMail, **more: Any) -> Any:
        if mail.user == ada:
            raise LookupError
        return letters.compose_letter(mail, **more)

    monkeypatch.setattr("config.mail_sending.compose_letter", compose)
    with mail_server() as mailbox:
        assert send_mails(now=now) is False
        assert [recipients for recipients, _ in mailbox.taken] == [["bea@example.org"]]
    waits = AccountMail.objects.get()
    assert (waits.user, waits.tries, waits.due_at) == (ada, 1, now + timedelta(seconds=15))
    assert "example.org" not in said(caplog)


def test_a_step_is_short_however_slow_the_server(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(step=1.5)  # each mail takes as long
    monkeypatch.setattr("config.mail_sending.monotonic", lambda: next(clock))
    for kind in (RESET, PASSWORD, CODES):
        queue_mail(kind, ada, language="en")
    with mail_server() as mailbox:
        left = []
        while send_mails():
            left.append(AccountMail.objects.count())
        assert len(mailbox.taken) == 3
    assert left == [1]


def test_the_worker_is_woken_when_the_answer_is_committed(ada: User, django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        queue_mail(RESET, ada, language="en")
    assert connection().get(keys.wake(DUTY)) == b"1"
    with mail_server() as mailbox:
        assert next(duty for duty in duties.DUTIES if duty.name == DUTY).run() is False
        assert len(mailbox.taken) == 1
