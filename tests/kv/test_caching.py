"""Pages that are the same for all visitors: how long they may be kept, and when they are compressed."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings

from kv.web.caching import compressed, public_page

TEXT = b"A page. " * 100


def answer_of(view: Any, rf: Any, accepts: str = "gzip, br") -> HttpResponse:
    found: HttpResponse = view(rf.get("/", headers={"Accept-Encoding": accepts}))
    return found


@public_page
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(TEXT)


class TestCompression:
    def test_is_for_who_takes_it(self, rf: Any) -> None:
        answer = answer_of(page, rf)
        assert (answer["Content-Encoding"], answer["Vary"]) == ("gzip", "Accept-Encoding")
        assert gzip.decompress(answer.content) == TEXT
        assert int(answer["Content-Length"]) == len(answer.content) < len(TEXT)

    def test_is_not_for_others(self, rf: Any) -> None:
        answer = answer_of(page, rf, "identity")
        assert "Content-Encoding" not in answer
        assert answer.content == TEXT
        assert answer["Vary"] == "Accept-Encoding"

    @pytest.mark.parametrize(
        ("header", "cookie"), [("private, no-store", ""), ("", ""), ("public, max-age=60", "sessionid")]
    )
    def test_is_not_of_what_belongs_to_the_reader(self, rf: Any, header: str, cookie: str) -> None:
        def view(request: HttpRequest) -> HttpResponse:
            answer = HttpResponse(TEXT, headers={"Cache-Control": header} if header else {})
            if cookie:
                answer.set_cookie(cookie, "x")
            return answer

        answer = answer_of(compressed(view), rf)
        assert "Content-Encoding" not in answer
        assert answer.content == TEXT


@pytest.mark.parametrize(
    "path", ["/", "/pay", "/statistics", "/pricing", "/cookies", "/privacy", "/de/", "/fr/statistics", "/api/docs"]
)
def test_public_pages_are_compressed(path: str, client: Client, store: Any) -> None:
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    small = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert small["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.content) == plain.content
    assert len(small.content) < len(plain.content) / 2


@pytest.mark.django_db
@override_settings(TOKEN_ACTIONS={"image": 10})
@pytest.mark.parametrize(
    ("query", "is_small"),
    [
        ("", True),
        ("?", True),
        ("?days=90", True),
        ("?days=90&action=image", True),
        ("?x=guess", False),
        ("?guess", False),
        ("?days=91", False),
        ("?days=90&days=7", False),
        ("?days=90&x=guess", False),
        ("?days=9%30", False),
        ("?days=90&&", False),
        ("?action=guess", False),
        ("?from=2026-11-01&to=2026-11-02", True),
        ("?from=2026-11-01&to=", True),
        ("?from=guess&to=2026-11-02", False),
        ("?from=2026-11-01guess", False),
        ("?from=20261101", False),
        ("?from=2026-11-01&from=2026-11-02", False),
    ],
)
def test_ones_own_dashboard_is_compressed_where_its_address_is_one_of_its_links(
    client: Client, store: Any, query: str, is_small: bool
) -> None:
    client.force_login(User.objects.create_user("ada"))
    answer = client.get(f"/dashboard{query}", headers={"Accept-Encoding": "gzip"})
    assert ("Content-Encoding" in answer) is is_small
    assert b"ada" in (gzip.decompress(answer.content) if is_small else answer.content)
    assert not is_small or {"Accept-Encoding", "Cookie"} <= {name.strip() for name in answer["Vary"].split(",")}


def test_what_was_typed_is_not_compressed(client: Client, store: Any) -> None:
    order = {"beneficiary": "Jane Doe", "iban": "DE89370400440532013000", "amount": "12,50"}
    answer = client.post("/pay", order, headers={"Accept-Encoding": "gzip"})
    assert b"Jane Doe" in answer.content
    assert "Content-Encoding" not in answer


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login", "/accounts/signup", "/admin/login/"])
def test_pages_with_a_token_of_the_reader_are_not_compressed(path: str, client: Client, store: Any) -> None:
    assert "Content-Encoding" not in client.get(path, headers={"Accept-Encoding": "gzip"})
