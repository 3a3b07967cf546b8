"""A letter as a message: text and HTML, in one language, with the headers of a mail that can be switched off."""

from __future__ import annotations

import email.policy
import hashlib
import textwrap
from collections.abc import Mapping
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from typing import Any

from django import VERSION
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from kv.web.links import app_url
from usertokens.models import OutgoingMail
from usertokens.services.letter_parts import absolute, site_name
from usertokens.services.mail_choices import make_token
from usertokens.services.mail_kinds import find_kind

_WIDTH = 72
#: From which version on Django writes mails by a policy of Python's `email`.
_POLICIES_SINCE = (6, 0)


class _Address(UnstructuredHeader, BaseHeader):
    """A header that is an address: in one line however long, since programs don't decode it (RFC 2369, RFC 2047)."""

    def fold(self, *, policy: email.policy.Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", _Address)


class _Message(EmailMultiAlternatives):
    """A mail whose List-Unsubscribe is never encoded: Python would do so with an address longer than a line."""

    def message(self, **options: Any) -> Any:
        if VERSION >= _POLICIES_SINCE:
            options["policy"] = options.get("policy", email.policy.default).clone(header_factory=_HEADERS)
        return super().message(**options)


def make_message(mail: OutgoingMail, data: Mapping[str, Any], address: str) -> EmailMultiAlternatives:
    """The message, in the mail's language. Raises UnknownMailKind."""
    kind = find_kind(mail.kind)
    with translation.override(mail.language):
        letter = kind.write(data)
        off = absolute(app_url("usertokens:mail_off", make_token(mail.user_id, mail.kind)))
        subject = _one_line(letter.subject)
        context = {
            "letter": letter,
            "subject": subject,
            "site": site_name(),
            "kind": kind,
            "off": off,
            "choices": absolute(app_url("usertokens:mails")),
            "language": mail.language,
            "is_bidi": translation.get_language_bidi(),
        }
        text = _wrapped(render_to_string("usertokens/mails/letter.txt", context))
        html = render_to_string("usertokens/mails/letter.html", context)
    message = _Message(
        subject,
        text,
        to=[address],
        headers={
            "Message-ID": message_id(mail),
            # Answering machines are silent then; mail programs show their own button for it.
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{off}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Content-Language": mail.language,
        },
    )
    message.attach_alternative(html, "text/html")
    return message


def message_id(mail: OutgoingMail) -> str:
    """The same for every try: a mail that comes twice can be told from two mails."""
    digest = hashlib.sha256(f"{mail.kind}\0{mail.key}".encode()).hexdigest()[:32]
    return f"<{digest}@{site_name()}>"


def _one_line(text: str) -> str:
    return " ".join(text.split("\n")).replace("\r", "")


def _wrapped(text: str) -> str:
    """The text in lines that every mail program shows whole. Addresses stay in one piece."""
    return "\n".join(
        line
        if len(line) <= _WIDTH or "://" in line
        else textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False)
        for line in text.split("\n")
    )
