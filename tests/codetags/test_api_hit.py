"""GET and POST /api/analytics/qr over HTTP, to the letter of the contract."""

from __future__ import annotations

import json
from datetime import date
from http.cookies import Morsel
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client, override_settings

from codetags.models import CodeTag
from codetags.services.counts import get_code
from tests.codetags.callers import ADDRESS, BROWSER, URL, hit, staff, store_away
from tests.site_client import SiteClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(lane: str) -> SiteClient:
    """In the place of pytest-django's: the site as it is served, by each lane."""
    return SiteClient()


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


def cookie(answer: Any) -> Morsel[str]:
    morsel: Morsel[str] = answer.cookies["qr_counted"]
    return morsel


def count(code: str = "DEMO") -> int:
    found = get_code(code)
    return found.count if found else 0


class TestHit:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_counts_once(self, client: Client, method: str) -> None:
        first, second = hit(client, method=method), hit(client, method=method)
        assert (first.status_code, first.json()) == (200, {"code": "DEMO", "counted": True})
        assert (second.status_code, second.json()) == (200, {"code": "DEMO", "counted": False})
        assert first.headers["Cache-Control"] == "no-store"
        assert "qr_counted" not in second.cookies
        assert count() == 1

    @pytest.mark.parametrize(
        "sent",
        [
            {"data": '{"code": "demo"}', "content_type": "application/json"},
            {"data": "code=demo", "content_type": "application/x-www-form-urlencoded"},
            {"data": {"code": "demo"}},
        ],
        ids=["json", "form", "multipart"],
    )
    def test_takes_the_code_in_the_body(self, client: Client, sent: dict[str, Any]) -> None:
        answer = client.post(URL, REMOTE_ADDR=ADDRESS, headers={"User-Agent": BROWSER}, **sent)
        assert answer.json() == {"code": "DEMO", "counted": True}

    def test_small_letters_are_the_same_code(self, client: Client) -> None:
        assert hit(client, "demo").json() == {"code": "DEMO", "counted": True}
        assert hit(client, "DEMO").json()["counted"] is False
        assert hit(Client(), "Demo", address="203.0.113.8").json()["counted"] is True
        assert count() == 2

    @pytest.mark.parametrize(
        "code",
        ["", "ABC", "ABCDE", "AB-1", "ÄBCD", "AB C", "ＡＢＣＤ", "١٢٣٤", "ßß", "ßßßß", "DE\nMO", "~OTHER", "A" * 5000],
    )
    def test_a_malformed_code_is_refused(self, client: Client, code: str) -> None:
        answer = hit(client, code)
        assert answer.status_code == 400
        assert answer.json()["code"] == "invalid_input"
        assert list(answer.json()["errors"]) == ["code"]
        assert not answer.cookies

    @pytest.mark.parametrize("body", ["", "{}", '{"code": 1234}', '{"code": null}', "[]", '"DEMO"'])
    def test_a_missing_code_is_refused(self, client: Client, body: str) -> None:
        answer = client.post(URL, data=body, content_type="application/json", headers={"User-Agent": BROWSER})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert client.get(URL).status_code == 400

    @pytest.mark.parametrize("query", ["", "?code=DEMO", "?unreadable=1", "?code=DEMO&id=one"])
    @pytest.mark.parametrize("field", ["kode", "Code", "unreadable", "qr", "At", "userId"])
    @pytest.mark.parametrize("kind", ["json", "form", "multipart"])
    def test_a_field_that_it_does_not_know_is_refused(
        self, client: Client, query: str, field: str, kind: str, store: Any
    ) -> None:
        body = {"code": "DEMO", field: "1"}
        kinds: dict[str, dict[str, Any]] = {
            "json": {"data": json.dumps(body), "content_type": "application/json"},
            "form": {"data": urlencode(body), "content_type": "application/x-www-form-urlencoded"},
            "multipart": {"data": body},
        }
        answer = client.post(URL + query, headers={"User-Agent": BROWSER}, **kinds[kind])
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
        assert (store.dbsize(), dict(answer.cookies)) == (0, {})

    @pytest.mark.parametrize(
        "query", ["?code=DEMO&kode=1", "?utm_source=x&code=DEMO", "?CODE=demo", "?code=DEMO&at=hall"]
    )
    def test_but_a_link_may_bring_what_it_likes(self, client: Client, query: str) -> None:
        answer = client.post(URL + query, headers={"User-Agent": BROWSER})
        assert answer.json() == {"code": "DEMO", "counted": True}

    @pytest.mark.parametrize("body", ["[]", '"DEMO"', "null", "1", '["code"]'])
    def test_a_body_that_is_no_object_is_refused_though_the_code_is_in_the_query(
        self, client: Client, body: str
    ) -> None:
        answer = client.post(
            f"{URL}?code=DEMO", data=body, content_type="application/json", headers={"User-Agent": BROWSER}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")

    @pytest.mark.parametrize("query", ["?code=DEMO", "?unreadable=1"])
    @pytest.mark.parametrize(
        ("body", "field"),
        [('{"code": 5}', "code"), ('{"code": null}', "code"), ('{"id": 5}', "id"), ('{"id": ""}', "id")],
    )
    def test_what_is_wrong_in_the_body_is_refused_whatever_the_query_has(
        self, client: Client, query: str, body: str, field: str
    ) -> None:
        answer = client.post(URL + query, data=body, content_type="application/json", headers={"User-Agent": BROWSER})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])

    def test_a_code_in_the_body_counts_where_the_query_has_none(self, client: Client) -> None:
        answer = client.post(
            f"{URL}?code=x", data={"code": "DEMO"}, content_type="application/json", headers={"User-Agent": BROWSER}
        )
        assert answer.json() == {"code": "DEMO", "counted": True}

    @pytest.mark.parametrize("body", ["{}", '{"id": "one"}', '{"code": "BT26"}'])
    def test_the_code_in_the_query_goes_first(self, client: Client, body: str) -> None:
        answer = client.post(
            f"{URL}?code=DEMO", data=body, content_type="application/json", headers={"User-Agent": BROWSER}
        )
        assert answer.json() == {"code": "DEMO", "counted": True}

    @pytest.mark.parametrize("value", ["", "0", "true", "yes", "2"])
    def test_unreadable_is_1_or_not_there(self, client: Client, value: str) -> None:
        answer = client.get(f"{URL}?unreadable={value}", headers={"User-Agent": BROWSER})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["unreadable"])

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_other_methods_are_refused(self, client: Client, method: str) -> None:
        assert getattr(client, method)(f"{URL}?code=DEMO").status_code == 405

    def test_other_bodies_are_refused(self, client: Client) -> None:
        assert client.post(URL, data="<a/>", content_type="text/xml").status_code == 415
        assert client.post(URL, data="x" * 70_000, content_type="application/json").status_code == 413
        assert client.post(f"{URL}?code=DEMO", data="x" * 70_000, content_type="application/json").status_code == 413

    def test_needs_no_csrf_token(self) -> None:
        assert hit(Client(enforce_csrf_checks=True), method="post").json()["counted"] is True

    def test_asks_nobody_and_ignores_privacy_signals(self, client: Client) -> None:
        assert hit(client, Sec_GPC="1", DNT="1").json()["counted"] is True

    def test_reads_no_table(self, client: Client, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            hit(client)
            hit(client)

    def test_too_many(self, client: Client) -> None:
        with override_settings(RATE_LIMITS={"code": "2/minute"}):
            for number in range(2):
                hit(Client(), User_Agent=f"{BROWSER} {number}")
            answer = hit(Client(), User_Agent=f"{BROWSER} 3")
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert answer.headers["RateLimit-Policy"] == '"code";q=2;w=60'
        assert not answer.cookies

    def test_a_store_that_is_away(self, client: Client) -> None:
        with store_away():
            answer = hit(client)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert not answer.cookies
        assert hit(client).json()["counted"] is True

    def test_there_is_no_short_address(self, client: Client) -> None:
        assert client.get("/q/DEMO").status_code == 404


class TestCookie:
    def test_is_as_the_contract_says(self, client: Client) -> None:
        morsel = cookie(hit(client))
        assert morsel.value == morsel.coded_value == "DEMO"
        assert (int(morsel["max-age"]), morsel["path"], morsel["samesite"]) == (86400, "/", "Lax")
        assert (morsel["httponly"], morsel["secure"]) == (True, "")

    def test_is_secure_on_https(self, client: Client) -> None:
        answer = client.get(f"{URL}?code=DEMO", secure=True, headers={"User-Agent": BROWSER})
        assert cookie(answer)["secure"] is True

    def test_keeps_the_last_ten(self, client: Client) -> None:
        codes = [f"AAA{number}" for number in range(10)] + ["BBBB"]
        answers = [hit(client, code) for code in codes]
        assert all(answer.json()["counted"] for answer in answers)
        assert cookie(answers[-1]).value == ".".join(codes[1:])

    def test_without_it_the_backstop_holds(self, client: Client) -> None:
        hit(client)
        del client.cookies["qr_counted"]
        answer = hit(client)
        assert answer.json()["counted"] is False
        assert not answer.cookies, "it may be somebody else with the same telephone, who is to count later"
        assert count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_a_code_that_has_not_begun_sets_none_however_often(self, client: Client) -> None:
        CodeTag.objects.create(code="DEMO", label="Poster", start=date(2999, 1, 1))
        answers = [hit(client) for _ in range(3)]
        assert [answer.json()["counted"] for answer in answers] == [False] * 3
        assert not any(answer.cookies for answer in answers), "or the visitor would not count on its first day"

    def test_with_it_the_store_need_not_be_there(self, client: Client) -> None:
        client.cookies["qr_counted"] = "BT26.DEMO"
        with store_away():
            assert hit(client).json() == {"code": "DEMO", "counted": False}

    @pytest.mark.parametrize("value", ["", "....", "demo", "<script>.X", "A" * 5000, "DEM0;DEMO"])
    def test_whatever_a_visitor_writes_into_it(self, client: Client, value: str) -> None:
        client.cookies["qr_counted"] = value
        answer = hit(client)
        assert answer.json()["counted"] is True
        assert cookie(answer).value == "DEMO"


class TestPixel:
    def test_a_picture_counts_too(self, client: Client) -> None:
        answer = hit(client, Accept="image/avif,image/webp,*/*;q=0.8")
        assert answer.headers["Content-Type"] == "image/gif"
        assert answer.content[:6] in (b"GIF89a", b"GIF87a")
        assert cookie(answer).value == "DEMO"
        assert count() == 1

    def test_only_who_asks_for_one_gets_it(self, client: Client) -> None:
        assert hit(client, Accept="text/html,image/webp").json()["counted"] is True


class TestExcluded:
    @pytest.mark.parametrize(
        "headers",
        [
            {"User_Agent": "curl/8.5.0"},
            {"User_Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
            {"User_Agent": ""},
            {"Sec_Purpose": "prefetch;prerender"},
            {"Purpose": "prefetch"},
            {"X_Moz": "prefetch"},
            {"Sec_Fetch_Site": "cross-site"},
        ],
    )
    def test_counts_nothing(self, client: Client, headers: dict[str, str]) -> None:
        answer = hit(client, **headers)
        assert (answer.status_code, answer.json()) == (200, {"code": "DEMO", "counted": False})
        assert not answer.cookies, "or the visit that follows would not count"
        assert hit(client).json()["counted"] is True

    def test_head_counts_nothing(self, client: Client) -> None:
        answer = hit(client, method="head")
        assert (answer.status_code, answer.content) == (200, b"")
        assert not answer.cookies
        assert count() == 0

    def test_staff_count_nothing(self, client: Client) -> None:
        client.force_login(staff())
        assert hit(client).json()["counted"] is False
        assert count() == 0
