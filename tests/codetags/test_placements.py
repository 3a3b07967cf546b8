"""Placements: where a code hangs, counted below it in the script of the hit, in bounded memory."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
from django.test import Client, RequestFactory, override_settings

from codetags import keys
from codetags.services.hits import record_hit
from codetags.services.placements import read_link_placement, read_placement
from codetags.types import Outcome
from codetags.views.links import list_landings
from kv.days import local_day
from tests.codetags.callers import ADDRESS, BROWSER, URL

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def record(number: int = 0, code: str = "BT26", **more: Any) -> Outcome:
    return record_hit(code=code, address=str(IPv4Address("10.0.0.0") + number), agent=BROWSER, **more)


def in_all(store: Any, code: str = "BT26") -> dict[str, int]:
    return {name.decode(): int(hits) for name, hits in store.zrange(keys.placements(code), 0, -1, withscores=True)}


def today(store: Any, code: str = "BT26", kind: str = "@") -> dict[str, int]:
    fields = store.hgetall(keys.breakdown(code, local_day().isoformat()))
    return {field.decode()[1:]: int(hits) for field, hits in fields.items() if field.decode()[0] == kind}


class TestReading:
    @pytest.mark.parametrize(
        ("text", "placement"),
        [
            ("tram-12", "tram-12"), ("TRAM-12", "tram-12"), (" tram-12 ", "tram-12"), ("tram-12/", "tram-12"),
            ("tram-12?utm_source=x", "tram-12"), ("tram-12.", "tram-12"), ("tram-12)", "tram-12"), ("7", "7"),
            ("a" * 32, "a" * 32), ("a" * 33, ""), ("", ""), ("tram 12", ""), ("tram_12", ""), ("größe", ""),
            ("\u212a12", ""), ("~OTHER", ""), ("tram\n12", ""),
        ],
    )  # fmt: skip
    def test_a_placement_is_lower_case_letters_digits_and_hyphens(self, text: str, placement: str) -> None:
        assert read_placement([text]) == placement

    def test_the_first_readable_one_counts(self) -> None:
        assert read_placement(["", "a b", "Hall-1", "hall-2"]) == "hall-1"

    @pytest.mark.parametrize(
        ("param", "query", "placement"),
        [
            ("at", "qr=BT26&at=Tram-12", "tram-12"),
            ("at", "qr=BT26&amp;AT=tram-12", "tram-12"),
            ("at", "qr=BT26&utm_source=hall", ""),
            ("utm_source", "qr=BT26&utm_source=hall&at=tram", "hall"),
            ("at", "", ""),
        ],
    )
    def test_links_name_it_as_the_setting_says(self, param: str, query: str, placement: str) -> None:
        with override_settings(CODETAGS_PLACEMENT_PARAM=param):
            assert read_link_placement(query) == placement

    def test_one_function_makes_the_links(self) -> None:
        landing = list_landings(RequestFactory().get("/"))[0]
        assert landing.link("BT26") == f"{landing.address}?qr=BT26"
        assert landing.link("BT26", "tram-12") == f"{landing.address}?qr=BT26&at=tram-12"
        with override_settings(CODETAGS_PLACEMENT_PARAM="utm_source"):
            assert landing.link("BT26", "tram-12") == f"{landing.address}?qr=BT26&utm_source=tram-12"


class TestCounting:
    def test_is_counted_below_the_code(self, store: Any) -> None:
        for number, at in enumerate(["tram-12", "tram-12", "hall", ""]):
            assert record(number, at=at) is Outcome.COUNTED
        assert in_all(store) == today(store) == {"tram-12": 2, "hall": 1}
        assert store.get(keys.count("BT26")) == b"4"

    def test_the_backstop_is_the_codes(self, store: Any) -> None:
        assert record(at="tram-12") is Outcome.COUNTED
        assert record(at="hall") is Outcome.SEEN
        assert in_all(store) == today(store) == {"tram-12": 1}

    def test_fifty_are_counted_by_name_and_then_one_bucket(self, store: Any) -> None:
        with override_settings(RATE_LIMITS=None):
            for number in range(10_000):
                record(number, at=f"made-up-{number}")
            record(20_000, at="made-up-7")
        names = in_all(store)
        assert len(names) == 51
        assert (names["made-up-7"], names[keys.OTHER]) == (2, 9950)
        assert today(store) == names, "the day's sums are bounded by the same names"
        size = store.memory_usage(keys.placements("BT26")) + store.memory_usage(
            keys.breakdown("BT26", local_day().isoformat())
        )
        assert size < 4096, "bytes, of ten thousand made-up placements"

    def test_a_code_beyond_the_bound_has_one_placement(self, store: Any) -> None:
        with override_settings(CODETAGS_MAX_UNKNOWN=0):
            record(at="tram-12")
        assert today(store, keys.OTHER) == {keys.OTHER: 1}
        assert not store.exists(keys.placements("BT26"), keys.placements(keys.OTHER))


class TestCall:
    @pytest.mark.usefixtures("lane")
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_the_query_names_it(self, method: str, store: Any) -> None:
        answer = getattr(Client(), method)(f"{URL}?code=BT26&at=Tram-12", headers={"User-Agent": BROWSER})
        assert answer.json() == {"code": "BT26", "counted": True}
        assert in_all(store) == {"tram-12": 1}

    def test_so_does_the_body(self, store: Any) -> None:
        Client().post(URL, {"code": "BT26", "at": "tram-12"}, headers={"User-Agent": BROWSER})
        assert in_all(store) == {"tram-12": 1}

    @pytest.mark.parametrize("at", ["", "tram 12", "x" * 33, "ä"])
    def test_one_that_cannot_be_read_loses_no_hit(self, at: str, store: Any) -> None:
        answer = Client().get(URL, {"code": "BT26", "at": at}, headers={"User-Agent": BROWSER})
        assert answer.json() == {"code": "BT26", "counted": True}
        assert in_all(store) == {}

    def test_what_is_no_text_is_refused(self, store: Any) -> None:
        answer = Client().post(
            URL, '{"code": "BT26", "at": 12}', content_type="application/json", headers={"User-Agent": BROWSER}
        )
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["at"])
        assert not store.exists(keys.count("BT26"))

    def test_the_pixel_brings_it(self) -> None:
        page = Client().get("/?qr=BT26&at=Tram-12", REMOTE_ADDR=ADDRESS).content.decode()
        assert '<noscript><img src="/api/analytics/qr?code=BT26&amp;at=tram-12"' in page
