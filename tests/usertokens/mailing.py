"""What tests of mails share: a site that sends them, a real mail server, and readers of what came."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.contrib.auth.models import User
from django.test import override_settings

from tests.ports import free_port
from usertokens.models import OutgoingMail
from usertokens.services import balances
from usertokens.services.mail_sending import send_mails

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
SITE = "https://example.org"
NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
ADDRESS = "ada@example.net"
SERVER_LOG = "mail.log"  # the test server's own
RECEIPT: dict[str, Any] = {
    "cents": 900, "currency": "EUR", "at": 1_794_300_000_000, "url": "https://pay.stripe.com/receipts/x",
    "plan": "Plus", "tokens": 0,
}  # fmt: skip


class Mailbox:
    """What the mail server took. refuse_…: its answer to each further recipient or message, such as "451 later"."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], bytes]] = []
        self.refuse_sender = ""
        self.refuse_recipient = ""
        self.refuse_message = ""
        self.hangs_up_on: bytes | None = None
        self.port = free_port()

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 (as aiosmtpd calls it)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (as aiosmtpd calls it)
        if self.refuse_message:
            return self.refuse_message
        content = envelope.content
        assert isinstance(content, bytes)
        if self.hangs_up_on is not None and self.hangs_up_on in content:
            assert server.transport is not None
            server.transport.close()
            return "421 bye"
        self.taken.append((list(envelope.rcpt_tos), content))
        return "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        """Parsed by Python's own parser, strictly."""
        return [parsed(content) for _, content in self.taken]

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def part(message: EmailMessage, subtype: str) -> str:
    """The text of "plain" or "html"."""
    found: Any = message.get_body((subtype,))
    assert found is not None
    assert not found.defects
    return str(found.get_content())


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """A mail server on loopback, to which the site sends."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        with sending_to(mailbox.port):
            yield mailbox
    finally:
        controller.stop()


@contextmanager
def sending_to(port: int) -> Iterator[None]:
    """The site sends mails to this port of the machine."""
    with override_settings(**mail_settings(SMTP_BACKEND, host="127.0.0.1", port=port, timeout=5)):
        yield


def mail_settings(backend: str, **options: Any) -> dict[str, Any]:
    """Settings of a site that sends mails, as Django's version has them."""
    from django import VERSION

    site = {"TOKEN_MAILS": True, "SITE_URL": SITE, "DEFAULT_FROM_EMAIL": "Site <noreply@example.org>"}
    if VERSION >= (6, 1):
        return site | {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    return site | {"EMAIL_BACKEND": backend} | {f"EMAIL_{name.upper()}": value for name, value in options.items()}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as found:
        yield found


@pytest.fixture
def reader(user: User) -> User:
    """A user with an address and 100 tokens."""
    user.email = ADDRESS
    user.save()
    balances.get_balance(str(user.pk), now=NOW)
    return user


def the_mail() -> OutgoingMail:
    return OutgoingMail.objects.get()


def spend(user: User, amount: int, now: datetime = NOW) -> None:
    balances.spend_tokens(str(user.pk), amount, now=now)


def send(now: datetime = NOW) -> None:
    while send_mails(now=now):
        pass
