"""POST /api/stats/visit and GET /api/stats over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from stats.services.figures import read_figures
from stats.services.series import list_days
from stats.types import Figures
from tests.site_client import SiteClient
from tests.stats.callers import ADDRESS, addresses, staff, visit

pytestmark = pytest.mark.usefixtures("lane")


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


class TestVisit:
    def test_counts_then_recognises(self, client: Client) -> None:
        first, second = visit(client), visit(client)
        assert first.status_code == second.status_code == 200
        assert first.json() == {"counted": True, "visitors": 1, "reason": None}
        assert second.json() == {"counted": False, "visitors": 1, "reason": "seen"}

    @pytest.mark.parametrize(
        ("headers", "reason"),
        [
            ({"agent": "curl/8.5.0"}, "bot"),
            ({"agent": ""}, "bot"),
            ({"Sec_GPC": "1"}, "opted_out"),
            ({"DNT": "1"}, "opted_out"),
            ({"Sec_Purpose": "prefetch;prerender"}, "prefetch"),
            ({"Sec_Fetch_Site": "cross-site"}, "cross_site"),
            ({"Origin": "https://elsewhere.example"}, "cross_site"),
            ({"Origin": "http://["}, "cross_site"),
        ],
    )
    def test_says_why_it_was_not_counted(
        self, client: Client, midday: None, headers: dict[str, Any], reason: str
    ) -> None:
        assert visit(client, **headers).json() == {"counted": False, "visitors": 0, "reason": reason}
        assert list_days(days=1)[0].excluded == {reason: 1}
        assert visit(client).json()["counted"] is True

    def test_needs_no_body_and_no_csrf_token(self) -> None:
        client = SiteClient(enforce_csrf_checks=True)
        answer = client.post("/api/stats/visit", headers={"User-Agent": "Mozilla/5.0 (X11) Firefox/130.0"})
        assert answer.json()["counted"] is True
        assert not answer.cookies

    def test_of_64_at_once_from_one_address_one_counts(self, client: Client, settings: Any) -> None:
        settings.RATE_LIMITS = None
        with ThreadPoolExecutor(16) as threads:
            answers = [answer.json() for answer in threads.map(lambda _: visit(client), range(64))]
        assert [answer["counted"] for answer in answers].count(True) == 1
        assert {answer["visitors"] for answer in answers} == {1}

    def test_a_thousand_addresses_are_a_thousand_visitors(self, client: Client) -> None:
        with ThreadPoolExecutor(8) as threads:
            answers = threads.map(lambda address: visit(client, address), addresses(1000, IPv4Address("198.18.0.0")))
            assert all(answer.json()["counted"] for answer in answers)
        assert read_figures().visitors == 1000

    @pytest.mark.django_db
    def test_of_staff_by_session_is_not_counted(self, client: Client) -> None:
        client.force_login(staff())
        assert visit(client).json()["reason"] == "staff"

    @pytest.mark.django_db
    def test_of_a_signed_in_customer_is_counted(self, client: Client, django_user_model: Any) -> None:
        client.force_login(django_user_model.objects.create_user("customer"))
        assert visit(client).json()["counted"] is True

    @pytest.mark.django_db
    def test_with_a_cookie_of_no_session_is_counted(self, client: Client) -> None:
        client.cookies["sessionid"] = "made-up"
        assert visit(client).json()["counted"] is True


class TestAddress:
    def test_ipv4_in_ipv6_clothes_is_the_same_visitor(self, client: Client) -> None:
        visit(client, "203.0.113.7")
        assert visit(client, "::ffff:203.0.113.7").json()["reason"] == "seen"

    def test_an_ipv6_network_of_64_bits_is_one_visitor(self, client: Client) -> None:
        visit(client, "2001:db8:1:2::1")
        assert visit(client, "2001:db8:1:2:ffff:ffff:ffff:ffff").json()["reason"] == "seen"
        assert visit(client, "2001:db8:1:3::1").json()["counted"] is True

    def test_without_declared_proxies_the_header_is_anybody_s_word(self, client: Client) -> None:
        visit(client)
        assert visit(client, X_Forwarded_For="198.51.100.9").json()["reason"] == "seen"

    @pytest.mark.parametrize(
        ("proxies", "header", "address"),
        [
            (1, "198.51.100.9", "198.51.100.9"),
            (1, "spoofed, 198.51.100.9", "198.51.100.9"),
            (1, "192.0.2.1, 198.51.100.9:4711", "198.51.100.9"),
            (1, "[2001:db8::5]:443", "2001:db8::1"),
            (2, "198.51.100.9, 10.0.0.1", "198.51.100.9"),
            (2, "10.0.0.1", ADDRESS),
            (1, "unknown", ADDRESS),
            (1, "", ADDRESS),
        ],
    )
    def test_with_declared_proxies_it_is_the_entry_so_many_from_the_right(
        self, client: Client, settings: Any, proxies: int, header: str, address: str
    ) -> None:
        settings.NUM_PROXIES = proxies
        visit(client, X_Forwarded_For=header)
        settings.NUM_PROXIES = 0
        assert visit(client, address).json()["reason"] == "seen"
        assert read_figures().visitors == 1


class TestRefusals:
    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
    def test_only_a_post_is_a_visit(self, client: Client, method: str) -> None:
        answer = getattr(client, method)("/api/stats/visit")
        assert answer.status_code == 405
        assert answer["Allow"] == "POST"
        if method != "head":
            assert answer.json()["code"] == "method_not_allowed"
        assert read_figures().visitors == 0

    def test_the_thirty_first_in_a_minute_is_told_when_to_come_back(self, client: Client) -> None:
        assert [visit(client).status_code for _ in range(30)] == [200] * 30
        refused = visit(client)
        assert refused.status_code == 429
        assert refused.json()["code"] == "rate_limited"
        wait = int(refused["Retry-After"])
        assert 1 <= wait <= 60
        assert refused["RateLimit"] == f'"visit";r=0;t={wait}'
        assert refused["RateLimit-Policy"] == '"visit";q=30;w=60'

    def test_bots_fall_under_the_limit_too(self, client: Client) -> None:
        codes = [visit(client, agent="curl/8.5.0").status_code for _ in range(31)]
        assert codes == [200] * 30 + [429]

    def test_a_body_over_64_kib_is_too_large(self, client: Client) -> None:
        answer = client.post("/api/stats/visit", data=b"x" * (64 * 1024 + 1), content_type="application/json")
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"

    def test_another_host_is_refused(self, client: Client) -> None:
        answer = visit(client, Host="evil.example")
        assert answer.status_code == 400
        assert answer.json()["code"] == "bad_request"


class TestFigures:
    def test_are_public_numbers_that_may_be_kept_for_a_minute(self, client: Client) -> None:
        visit(client)
        answer = client.get("/api/stats")
        assert answer.status_code == 200
        assert answer.json() == {"visitors": 1, "qr_total": 0, "revenue_cents": 0, "currency": "EUR"}
        assert answer["Cache-Control"] == "public, max-age=60"
        assert 0 <= int(answer["Age"]) <= 60
        assert answer["Content-Type"] == "application/json"
        assert answer.get("Vary") is None
        assert not answer.cookies

    @pytest.mark.parametrize(("age", "age_header"), [(0.0, "0"), (0.01, "1"), (4.2, "5"), (59.9, "60")])
    def test_are_never_told_younger_than_they_are(
        self, age: float, age_header: str, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A cache keeps them for 60 s less this age: rounded down, they would be up to a second too old."""
        known = Figures(1, 2, 3, timezone.now())
        monkeypatch.setattr("stats.services.figures.fresh_figures", lambda: (known, age))
        assert client.get("/api/stats")["Age"] == age_header

    def test_answer_a_head(self, client: Client) -> None:
        answer = client.head("/api/stats")
        assert answer.status_code == 200
        assert answer.content == b""

    def test_take_no_other_method(self, client: Client) -> None:
        answer = client.post("/api/stats", data="{}", content_type="application/json")
        assert answer.status_code == 405
        assert answer.json()["code"] == "method_not_allowed"

    def test_have_no_slash_at_the_end(self, client: Client) -> None:
        answer = client.get("/api/stats/")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"
