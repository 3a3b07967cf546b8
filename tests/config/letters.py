"""Mails about accounts as their readers get them."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import User
from django.core import mail

from config.mail_sending import send_mails
from config.models import AccountMail, EmailAddress
from config.verification import claim_address, confirm_address, link_secret
from tests.site_client import SiteClient

PASSWORD = "a ledger well set"
NEW = "another ledger, as well set"
NEW_TWICE = {"new_password1": NEW, "new_password2": NEW}
ADDRESS = "ada@example.org"
LINK = re.compile(r"https?://\S+")


def delivered() -> list[Any]:
    """What the worker sends now, oldest first."""
    mail.outbox.clear()
    while send_mails():
        pass
    return list(mail.outbox)


def can_log_in(name: str, password: str) -> bool:
    client = SiteClient()
    client.post("/accounts/login", {"username": name, "password": password})
    return "_auth_user_id" in client.session


def verify(user: User, address: str) -> None:
    claim_address(user, address, language="en")
    row = EmailAddress.objects.get(user=user, verified_at=None)
    confirm_address(user, link_secret(row), language="en")
    AccountMail.objects.all().delete()


def link_in(message: Any) -> str:
    """The path of the first link."""
    found = LINK.search(message.body)
    assert found, message.body
    return "/" + found[0].split("/", 3)[3]
