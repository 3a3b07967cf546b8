"""What an answer varies by it says, in `Vary` or by being kept by nobody; and it says nothing that is not so."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.security.pages import PAGES, Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

PREFIXES = ("", "fr/", "de/", "es/")
#: What a request may bring: the header's name, and two values of it.
HEADERS = {
    "Accept-Language": ("fr,de;q=0.5", "es"),
    "HX-Request": ("", "true"),
    "Accept": ("text/html", "*/*"),
    "Sec-GPC": ("0", "1"),
    "DNT": ("0", "1"),
    "User-Agent": ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "curl/8.0"),
    "Cookie": ("cookie_consent=necessary", "cookie_consent=all; theme=dark"),
    "Referer": ("https://example.com/", "http://testserver/"),
}
#: Made anew for each answer, by chance and not by what was asked.
_CHANCE = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"|name="key" value="[^"]*"|nonce="[^"]*"')
READABLE = [page for page in PAGES if page.status == 200]


def _body(answer: Any) -> bytes:
    return _CHANCE.sub(b"", answer.getvalue())


def _is_kept_by_nobody(answer: Any) -> bool:
    return bool({"no-store", "private"} & set(re.split(r",\s*", answer.get("Cache-Control", ""))))


@pytest.fixture
def reader() -> Client:
    """Somebody who may open every page."""
    client = Client()
    client.force_login(User.objects.create_superuser("chief"))
    return client


@pytest.mark.parametrize("page", READABLE, ids=str)
def test_an_answer_says_what_it_varies_by(page: Page, reader: Client) -> None:
    for name, values in HEADERS.items():
        cookies = reader.cookies.output(header="", sep=";") if name == "Cookie" else ""
        both = [
            reader.get(page.address, headers={name: f"{value};{cookies}" if cookies else value})
            for value in values
            if value or name != "Cookie"
        ]
        said = {one.strip().lower() for one in both[0].get("Vary", "").split(",")}
        if _body(both[0]) != _body(both[1]):
            assert name.lower() in said or _is_kept_by_nobody(both[0]), name
        elif name == "Accept-Language":
            assert "accept-language" not in said


@pytest.mark.parametrize("page", [page for page in READABLE if page.kind == "shared"], ids=str)
def test_shared_pages_are_the_same_for_everybody(page: Page, reader: Client) -> None:
    assert _body(Client().get(page.address)) == _body(reader.get(page.address))


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_page_varies_by_the_language_that_a_browser_asks_for(prefix: str) -> None:
    """Each language has addresses of its own, errors and redirects too."""
    for path in ("", "pay", "statistics", "cookies", "privacy", "pricing", "accounts/login", "nothing", "dashboard"):
        answers = [Client().get(f"/{prefix}{path}", headers={"Accept-Language": wanted}) for wanted in ("fr", "es", "")]
        assert len({_body(answer) for answer in answers}) == 1, path
        for answer in answers:
            assert "accept-language" not in answer.get("Vary", "").lower(), path
            assert answer["Content-Language"] == (prefix.rstrip("/") or "en"), path
