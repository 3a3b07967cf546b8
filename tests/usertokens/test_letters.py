"""What mails say, as a mail server took them: every kind in every language, as text and as HTML."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from kv.times import to_ms
from kv.web.links import app_url
from tests.usertokens.mailing import SITE, Mailbox, part, send, spend
from usertokens.models import OutgoingMail
from usertokens.services import balances
from usertokens.services.mail_choices import is_wanted, make_token
from usertokens.services.mail_kinds import mail_kinds
from usertokens.services.mail_sending import send_mails
from usertokens.services.mail_texts import make_message

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
LANGUAGES = ("en", "fr", "de", "es")
DECEMBER = to_ms(datetime(2026, 12, 12, tzinfo=UTC))
PAYMENT = {"cents": 123_456, "currency": "EUR", "at": to_ms(NOW), "plan": "Plus", "tokens": 0}
#: Each kind with data as they are when it is sent.
SAMPLES: dict[str, list[dict[str, Any]]] = {
    "budget": [
        {"action": action, "period": period, "percent": percent, "limit": 1234, "used": 1000, "ends": DECEMBER}
        for action in ("", "image") for period in ("day", "month") for percent in (80, 100)
    ],
    "automatic_topup": [
        {"what": what, "tokens": 5000, "cents": 900, "currency": "EUR"}
        for what in ("declined", "failed", "capped", "paused", "action", "no_card", "disputed", "staff")
    ],
    "low_balance": [{"balance": 0, "next": DECEMBER}, {"balance": 1, "next": None}, {"balance": 9, "next": DECEMBER}],
    "expiring": [{"expires": DECEMBER, "left": left, "balance": 5000} for left in (1, 1234)],
    "allowance": [{"allowance": 1000, "ends": DECEMBER, "balance": 1016}],
    "plan_changed": [
        {"from": "Free", "to": "Plus", "cause": cause, "at": to_ms(NOW), "tokens": 1000}
        for cause in ("paid", "ended", "unpaid", "staff")
    ],
    "payment_failed": [{**PAYMENT, "until": DECEMBER, "url": url} for url in ("https://invoice.stripe.com/i/x", "")],
    "receipt": [
        {**PAYMENT, "url": "https://pay.stripe.com/receipts/x"},
        {**PAYMENT, "plan": "", "tokens": 5000, "url": ""},
        {**PAYMENT, "plan": "", "url": ""},
    ],
}  # fmt: skip
CASES = [(kind, number) for kind, samples in SAMPLES.items() for number in range(len(samples))]


class Reader(HTMLParser):
    """The words, the links and what is fetched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.words = ""
        self._skip = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self._skip = tag in ("style", "title")
        if tag == "a":
            self.links.append(str(found["href"]))
        if tag in ("img", "link", "script", "iframe", "object") or "src" in found or "background" in found:
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._skip = False

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.words += data


def unsent(kind: str, language: str) -> OutgoingMail:
    return OutgoingMail(user_id="7", kind=kind, key="k", language=language, created_at=NOW)


def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == set(mail_kinds())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "number"), CASES)
def test_text_and_html_say_the_same(kind: str, number: int, language: str, settings: Any) -> None:
    settings.SITE_URL = SITE
    message = make_message(unsent(kind, language), SAMPLES[kind][number], "ada@example.net")
    html = str(message.alternatives[0][0])
    text = str(message.body)
    reader = Reader(html)
    flat = re.sub(r"\s+", " ", text)
    with translation.override(language):
        letter = mail_kinds()[kind].write(SAMPLES[kind][number])
    for words in (letter.subject, *letter.paragraphs, *(words for fact in letter.facts for words in fact)):
        assert re.sub(r"\s+", " ", words) in flat
        assert words in reader.words
    action, off, choices = reader.links
    assert all(link in text for link in reader.links)
    assert urlsplit(action).scheme == "https"
    assert off.startswith(SITE)
    assert choices == f"{SITE}/{'' if language == 'en' else language + '/'}accounts/mails"
    assert reader.fetched == []
    assert f'lang="{language}"' in html
    assert "None" not in text
    assert max(len(line) for line in text.splitlines() if "://" not in line) <= 78
    assert "\n" not in str(message.subject)


@pytest.mark.parametrize(
    ("kind", "number", "language", "subject"),
    [
        ("low_balance", 2, "en", "9 tokens left"),
        ("low_balance", 1, "en", "One token left"),
        ("low_balance", 2, "fr", "Il vous reste 9 jetons"),
        ("expiring", 1, "en", "1,234 tokens expire on 12 December 2026"),
        ("expiring", 1, "de", "Am 12. Dezember 2026 verfallen 1.234 Tokens"),
        ("payment_failed", 0, "en", "Your payment failed: Plus stays until 12 December 2026"),
        ("payment_failed", 0, "es", "Su pago ha fallado: Plus se mantiene hasta el 12 de diciembre de 2026"),
        ("receipt", 0, "en", "Receipt: €1,234.56 for Plus"),
        ("receipt", 0, "de", "Beleg: 1.234,56\xa0€ für Plus"),
        ("receipt", 1, "fr", "Reçu\u202f: 1\u202f234,56\xa0€ pour 5\u202f000 jetons"),
        ("plan_changed", 0, "fr", "Votre formule est désormais Plus"),
    ],
)
def test_the_subject_says_the_fact(kind: str, number: int, language: str, subject: str, settings: Any) -> None:
    settings.SITE_URL = SITE
    assert make_message(unsent(kind, language), SAMPLES[kind][number], "x@y.net").subject == subject


def test_a_name_with_a_line_break_makes_no_header(settings: Any) -> None:
    settings.SITE_URL = SITE
    data = {**SAMPLES["plan_changed"][0], "to": "Plus\nBcc: eve@example.net"}
    message = make_message(unsent("plan_changed", "en"), data, "ada@example.net")
    assert message.message()["Bcc"] is None


def test_markup_in_a_name_is_text(settings: Any) -> None:
    settings.SITE_URL = SITE
    data = {**SAMPLES["plan_changed"][0], "to": "<b>A&B</b>"}
    message = make_message(unsent("plan_changed", "en"), data, "ada@example.net")
    assert "&lt;b&gt;A&amp;B&lt;/b&gt;" in str(message.alternatives[0][0])
    assert "<b>A&B</b>" in str(message.body)


@pytest.mark.parametrize("host", ["example.org", "a-rather-long-name-of-a-club." * 5 + "example.org"])
def test_the_link_for_mail_programs_is_never_encoded(mailbox: Mailbox, reader: User, host: str, settings: Any) -> None:
    settings.SITE_URL = f"https://{host}"
    spend(reader, 91)
    send()
    ((_, raw),) = mailbox.taken
    found = re.search(rb"^List-Unsubscribe:(.*(?:\r?\n[ \t].*)*)", raw, re.MULTILINE)
    assert found
    assert b"=?" not in found[0]
    assert re.fullmatch(rf"<https://{re.escape(host)}/\S+>", "".join(found[1].decode().split()))


def test_the_link_for_mail_programs_needs_no_log_in(user: User, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    path = app_url("usertokens:mail_off", make_token(str(user.pk), "low_balance"))
    assert Client().get(path).status_code == 200
    assert Client().post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not is_wanted(str(user.pk), "low_balance")


@pytest.mark.parametrize("language", LANGUAGES)
def test_as_the_server_takes_it(mailbox: Mailbox, user: User, language: str) -> None:
    User.objects.update(email="ada@example.net")
    prefix = "" if language == "en" else f"/{language}"
    Client().post(f"{prefix}/accounts/login", {"username": "ada", "password": "correct horse battery"})
    balances.spend_tokens(str(user.pk), 91)
    send_mails()
    (mail,) = mailbox.mails
    assert [one.get_content_type() for one in mail.iter_parts()] == ["text/plain", "text/html"]
    assert (mail["Content-Language"], mail["Auto-Submitted"]) == (language, "auto-generated")
    assert (mail["To"], mail["From"]) == ("ada@example.net", "Site <noreply@example.org>")
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", mail["Message-ID"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(mail["Subject"]) in part(mail, "plain")
    link = str(mail["List-Unsubscribe"]).strip(" <>")
    assert link in part(mail, "html")

    # As a mail program does it: no cookie, no page of ours before.
    program = Client(enforce_csrf_checks=True)
    path = urlsplit(link).path
    assert program.get(path).status_code == 200
    assert is_wanted(str(user.pk), "low_balance")
    answer = program.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200
    assert not is_wanted(str(user.pk), "low_balance")
    assert is_wanted(str(user.pk), "receipt")
    assert "ada@" not in answer.text
