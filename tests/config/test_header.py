"""The header: who is logged in, on pages that a shared cache keeps for everybody."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.shortcuts import resolve_url
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kv.errors import StoreUnavailable
from usertokens.services import purchases

pytestmark = pytest.mark.django_db
HEADER = "/accounts/header"
PUBLIC = ("/", "/pay", "/statistics", "/pricing", "/cookies", "/privacy")


@pytest.fixture
def user(store: Any) -> User:
    return User.objects.create_user("ada<b>", password="a good password")


@pytest.fixture
def client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_name_plan_and_balance(client: Client, user: User) -> None:
    purchases.grant_tokens(user_id=str(user.pk), amount=1_234_467, reason="gift", key="gift")
    page = client.get(HEADER)
    text = page.content.decode()
    assert page.status_code == 200
    assert "ada&lt;b&gt;" in text
    assert "Free" in text
    assert "1,234,567 tokens" in text
    assert page["Cache-Control"] == "private, no-store"
    assert "Cookie" in page["Vary"]
    assert "1\u202f234\u202f567 jetons" in client.get(f"/fr{HEADER}").content.decode()


def test_a_stranger_costs_nothing(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.header.read_dashboard", lambda name: pytest.fail("the store was asked"))
    with CaptureQueriesContext(connection) as asked:
        page = Client().get(HEADER)
    assert (page.status_code, page.content, len(asked)) == (204, b"", 0)
    assert page["Cache-Control"] == "private, no-store"
    assert page["Vary"] == "Cookie"
    assert not page.cookies


def test_an_old_hint_is_deleted() -> None:
    client = Client()
    client.cookies["logged_in"] = "1"
    client.cookies[settings.SESSION_COOKIE_NAME] = "made-up"
    page = client.get(HEADER)
    assert page.status_code == 204
    assert page.cookies["logged_in"]["max-age"] == 0


def test_the_store_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr("config.header.read_dashboard", away)
    page = client.get(HEADER)
    assert page.status_code == 200
    assert "ada&lt;b&gt;" in page.content.decode()
    assert "tokens" not in page.content.decode().replace("account-tokens", "")


@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_stay_the_same_for_all(client: Client, path: str) -> None:
    client.get("/dashboard")  # sets the hint
    mine, theirs = client.get(path), Client().get(path)
    assert not mine.cookies
    assert "Cookie" not in mine.get("Vary", "")
    assert b"ada" not in mine.content
    assert mine.content == theirs.content
    for target in ("/accounts/login", "/accounts/signup"):
        assert f'href="{target}"' in theirs.content.decode()


@pytest.mark.parametrize("path", ["/dashboard", "/accounts/profile", "/accounts/password"])
def test_pages_of_their_own_say_it_without_scripts(client: Client, path: str) -> None:
    assert '<span class="account-name">ada&lt;b&gt;</span>' in client.get(path).content.decode()


class TestHint:
    def test_comes_and_goes_with_the_session(self, user: User) -> None:
        client = Client()
        page = client.post("/accounts/login", {"username": "ada<b>", "password": "a good password"})
        session, hint = page.cookies[settings.SESSION_COOKIE_NAME], page.cookies["logged_in"]
        assert hint.value == "1"
        assert not hint["httponly"]
        for name in ("max-age", "path", "domain", "samesite", "secure"):
            assert hint[name] == session[name], name
        assert client.post("/accounts/logout").cookies["logged_in"]["max-age"] == 0

    def test_a_wrong_password_sets_none(self, user: User) -> None:
        page = Client().post("/accounts/login", {"username": "ada<b>", "password": "wrong"})
        assert "logged_in" not in page.cookies

    def test_a_session_of_before_gets_one(self, client: Client) -> None:
        assert client.get("/dashboard").cookies["logged_in"].value == "1"
        assert "logged_in" not in client.get("/dashboard").cookies
        fresh = Client()
        fresh.cookies = client.cookies
        del fresh.cookies["logged_in"]
        assert "logged_in" not in fresh.get("/api/dashboard").cookies


class TestLanguageMenu:
    NEXT = "/accounts/login?next=/pricing/checkout%3Fplan%3DPlus%26interval%3Dyear"

    def links(self, page: Any) -> list[str]:
        return [unescape(link) for link in re.findall(r'<a href="([^"]+)" hreflang', page.content.decode())]

    def test_it_keeps_the_query_and_leads_back_in_its_own_language(self) -> None:
        for page in (Client().get(self.NEXT), Client().post(self.NEXT, {"username": "x", "password": "wrong"})):
            found = [urlsplit(link) for link in self.links(page)]
            targets = [parse_qs(one.query)["next"] for one in found]
            rest = "/pricing/checkout?plan=Plus&interval=year"
            assert [one.path for one in found] == [f"{p}/accounts/login" for p in ("", "/fr", "/de", "/es")]
            assert targets == [[f"{prefix}{rest}"] for prefix in ("", "/fr", "/de", "/es")]

    @pytest.mark.parametrize(
        "target", ["//evil.example/pricing", "https://evil.example", "/\\evil.example", "javascript:1"]
    )
    def test_a_target_elsewhere_stays_as_it_is_and_is_not_followed(self, user: User, target: str) -> None:
        address = f"/accounts/login?{urlencode({'next': target})}"
        for link in self.links(Client().get(address)):
            assert parse_qs(urlsplit(link).query)["next"] == [target]
        client = Client()
        form = {"username": "ada<b>", "password": "a good password", "next": target}
        assert client.post(address, form)["Location"] == resolve_url(settings.LOGIN_REDIRECT_URL)

    @pytest.mark.parametrize("path", ["login", "signup"])
    @pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
    def test_a_script_carries_nothing(self, path: str, kind: str) -> None:
        sent = '{"carried": "x"}' if "json" in kind else "carried=x"
        answer = Client().post(f"/accounts/{path}", sent, content_type=kind, headers={"Accept": "application/json"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/json")
        assert answer.json()["errors"]

    @pytest.mark.parametrize(("path", "fields"), [("login", ("username",)), ("signup", ("username", "email"))])
    def test_what_was_typed_goes_along_and_passwords_do_not(
        self, path: str, fields: tuple[str, ...], settings: Any
    ) -> None:
        settings.EMAIL_URL = "smtp://127.0.0.1:1"
        typed = dict.fromkeys(fields, 'ada"@example.org')
        secret = "the secret that nobody sees"
        form = typed | {"password": secret, "password1": secret, "password2": secret, "carried": "same"}
        strict = Client(enforce_csrf_checks=True)
        form["csrfmiddlewaretoken"] = strict.get(f"/accounts/{path}").cookies["csrftoken"].value
        page = strict.post(f"/fr/accounts/{path}?next=/fr/pay", form)
        text = page.content.decode()
        assert page.status_code == 200
        assert secret not in text
        assert "error-summary" not in text
        assert "?next=/fr/pay" in text
        assert text.count('value="ada&quot;@example.org"') >= 1
        assert not User.objects.exists()
        assert "sessionid" not in page.cookies


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/history", "/accounts/profile"])
def test_private_pages_need_no_script_for_it(client: Client, user: User, path: str) -> None:
    purchases.grant_tokens(user_id=str(user.pk), amount=1_234_467, reason="gift", key="gift")
    header = client.get(path).text.partition("</header>")[0]
    for text in ("data-logged-out hidden", '"account-name">ada&lt;b&gt;<', '"account-plan">Free<', "1,234,567 tokens"):
        assert text in header


@pytest.mark.parametrize("path", [*PUBLIC, "/dashboard", "/accounts/login"])
def test_a_page_links_each_script_once(client: Client, path: str) -> None:
    scripts = re.findall(r'<script src="([^"]+)"', client.get(path, follow=True).text)
    assert any("delivery" in script for script in scripts)
    assert sorted(scripts) == sorted(set(scripts))
