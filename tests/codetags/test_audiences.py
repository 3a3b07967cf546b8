"""What a hit adds to the sums of its code: device, language, host before and country, held against public lists."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from importlib import resources
from ipaddress import IPv4Address
from typing import Any

import pytest
from babel import Locale
from django.test import Client, override_settings

from codetags import keys
from codetags.services.audiences import device_class, host_of, language_of, read_audience
from codetags.services.hits import record_hit
from codetags.services.iso_codes import COUNTRIES, LANGUAGES
from codetags.types import Audience, Device
from tests.codetags.callers import BROWSER, URL
from tests.outside import package

_OF_THE_LIST = {"mobile": Device.PHONE, "tablet": Device.TABLET, "desktop": Device.DESKTOP}


def fields(store: Any, code: str = "DEMO") -> dict[str, int]:
    (name,) = store.keys(keys.family(f"by:{code}:"))
    return {field.decode(): int(hits) for field, hits in store.hgetall(name).items()}


class TestDevices:
    def test_as_npms_user_agents_says(self, record_property: Any) -> None:
        """10 000 browsers as they were seen in the world, each with its class."""
        entries = json.loads((package("user-agents") / "dist" / "user-agents.json").read_text())
        wrong = Counter(
            (entry["deviceCategory"], device_class(entry["userAgent"]).value)
            for entry in entries
            if device_class(entry["userAgent"]) is not _OF_THE_LIST[entry["deviceCategory"]]
        )
        record_property("figures", f"{sum(wrong.values())} of {len(entries)} classed otherwise: {dict(wrong)}")
        assert sum(wrong.values()) < 0.005 * len(entries), wrong

    @pytest.mark.parametrize(("kind", "device"), [("desktop", Device.DESKTOP), ("mobile", Device.PHONE)])
    def test_as_npms_top_user_agents_says(self, kind: str, device: Device) -> None:
        agents = json.loads((package("top-user-agents") / "src" / f"{kind}.json").read_text())
        found = Counter(device_class(agent) for agent in agents)
        assert found[device] >= 0.9 * len(agents), found

    @pytest.mark.parametrize(
        ("agent", "device"),
        [
            ("Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148", "tablet"),
            ("Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "tablet"),
            ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "phone"),
            ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "desktop"),
            ("Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 Version/7.0 TV Safari/537.36", "other"),
            (
                "Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 Version/16.0 Safari/605.1.15",
                "other",
            ),
            ("Mozilla/5.0", "other"),
            ("", "other"),
        ],
    )
    def test_single_ones(self, agent: str, device: str) -> None:
        assert device_class(agent) == device

    def test_the_client_hint_makes_a_phone(self) -> None:
        agent = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"
        headers = {"HTTP_USER_AGENT": agent}
        assert read_audience(headers).device is Device.TABLET
        assert read_audience({**headers, "HTTP_SEC_CH_UA_MOBILE": "?1"}).device is Device.PHONE
        assert read_audience({**headers, "HTTP_SEC_CH_UA_MOBILE": "?0"}).device is Device.TABLET


class TestLanguages:
    def test_the_list_is_cldrs(self) -> None:
        known = set(Locale("en").languages)
        assert known >= LANGUAGES
        assert {code for code in known if len(code) == 2} <= LANGUAGES

    @pytest.mark.parametrize(
        ("header", "language"),
        [
            ("fr", "fr"), ("fr-CH, fr;q=0.9, en;q=0.8", "fr"), ("DE-de", "de"), ("fil-PH,en", "fil"), ("iw", "he"),
            (" es;q=0.5", "es"), ("zh-Hant-TW", "zh"), ("", ""), ("*", ""), ("xx", ""), ("english", ""), ("e", ""),
            ("fr1", ""), ("\xff", ""), (",fr", ""), ("zzz-ZZ", ""),
        ],
    )  # fmt: skip
    def test_the_first_entrys_without_its_region(self, header: str, language: str) -> None:
        assert language_of(header) == language


class TestReferrers:
    @pytest.mark.parametrize(
        ("text", "host"),
        [
            ("news.example.org", "news.example.org"),
            ("https://News.Example.org:8443/a/secret?q=1#x", "news.example.org"),
            ("https://user:word@example.org/", "example.org"),
            ("example.org:80", "example.org"),
            ("//example.org/x", "example.org"),
            ("example.org.", "example.org"),
            ("https://münchen.example/", "xn--mnchen-3ya.example"),
            ("", ""),
            ("  ", ""),
            ("http://198.51.100.7/", keys.OTHER),
            ("[2001:db8::1]", keys.OTHER),
            ("http://[2001:db8::1]:80/", keys.OTHER),
            ("intranet", keys.OTHER),
            ("android-app://com.example.mail/", keys.OTHER),
            ("javascript:alert(1)", keys.OTHER),
            ("a" * 300 + ".example", keys.OTHER),
            ("exa mple.org", keys.OTHER),
            ("-.example\u2028.org", keys.OTHER),
        ],
    )
    def test_only_the_host_is_kept(self, text: str, host: str) -> None:
        assert host_of(text) == host

    @pytest.mark.parametrize(
        ("headers", "referrer", "expected"),
        [
            ({"HTTP_HOST": "example.org"}, "https://example.org/pay", ""),
            ({"HTTP_HOST": "example.org:8000"}, "example.org", ""),
            ({"HTTP_HOST": "127.0.0.1:8000"}, "http://127.0.0.1:8000/x", ""),
            ({"HTTP_HOST": "127.0.0.1:8000"}, "http://192.0.2.1/x", keys.OTHER),
            ({"HTTP_HOST": "api.example.org", "HTTP_ORIGIN": "https://app.example.org"}, "app.example.org", ""),
            ({"HTTP_HOST": "example.org"}, "other.example.org", "other.example.org"),
            ({"HTTP_HOST": "example.org", "HTTP_REFERER": "https://elsewhere.example/"}, "", ""),
        ],
    )
    def test_the_sites_own_is_none(self, headers: dict[str, str], referrer: str, expected: str) -> None:
        assert read_audience(headers, referrer=referrer).referrer == expected


class TestCountries:
    def test_the_list_is_that_of_the_time_zone_database(self) -> None:
        lines = (resources.files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8").splitlines()
        assert {line.split("\t")[0] for line in lines if not line.startswith("#")} == COUNTRIES

    @pytest.mark.parametrize(
        ("value", "country"),
        [("CH", "CH"), (" ch ", "CH"), ("XX", ""), ("T1", ""), ("EU", ""), ("ZZ", ""), ("CHE", ""), ("", "")],
    )
    def test_iso_or_nothing(self, value: str, country: str) -> None:
        with override_settings(CODETAGS_COUNTRY_HEADER="CF-IPCountry", NUM_PROXIES=1):
            assert read_audience({"HTTP_CF_IPCOUNTRY": value}).country == country

    def test_only_a_trusted_proxy_is_believed(self) -> None:
        headers = {"HTTP_CF_IPCOUNTRY": "CH"}
        assert read_audience(headers).country == ""
        with override_settings(CODETAGS_COUNTRY_HEADER="CF-IPCountry", NUM_PROXIES=0):
            assert read_audience(headers).country == ""


@pytest.mark.django_db
class TestCounting:
    @pytest.fixture(autouse=True)
    def _clean(self, store: Any) -> None:
        """The store is empty."""

    @pytest.mark.usefixtures("lane")
    def test_a_call_adds_to_each_sum(self, store: Any, settings: Any) -> None:
        settings.CODETAGS_COUNTRY_HEADER, settings.NUM_PROXIES = "CF-IPCountry", 1
        headers = {"User-Agent": BROWSER, "Accept-Language": "fr-CH,fr;q=0.9", "CF-IPCountry": "CH",
                   "X-Forwarded-For": "198.51.100.7"}  # fmt: skip
        Client().post(f"{URL}?code=DEMO&referrer=news.example.org", headers=headers)
        found = fields(store)
        assert {field: hits for field, hits in found.items() if field[0] not in "h#"} == {
            "ddesktop": 1, "lfr": 1, "rnews.example.org": 1, "cCH": 1
        }  # fmt: skip
        assert [hits for field, hits in found.items() if field[0] == "h"] == [1]
        kept = b" ".join(name + b" " + (store.dump(name) or b"") for name in store.keys("*"))
        for secret in (b"198.51.100.7", b"Firefox", b"fr-CH"):
            assert secret not in kept, "no address, agent or whole language header is stored"

    def test_hours_are_of_the_sites_clock(self, store: Any, settings: Any) -> None:
        settings.TIME_ZONE = "Europe/Zurich"
        record_hit(code="DEMO", address="", agent=BROWSER, now=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
        assert store.hgetall(keys.breakdown("DEMO", "2026-07-02")) == {b"h0": b"1", b"ddesktop": b"1"}

    def test_ten_thousand_made_up_referrers_leave_memory_bounded(self, store: Any) -> None:
        with override_settings(RATE_LIMITS=None):
            for number in range(10_000):
                audience = Audience(Device.PHONE, "fr", f"made-up-{number}.example")
                address = str(IPv4Address("10.0.0.0") + number)
                record_hit(code="DEMO", address=address, agent=BROWSER, audience=audience)
        found = fields(store)
        hosts = {field: hits for field, hits in found.items() if field[0] == "r"}
        assert len(hosts) == keys.MOST_VALUES + 1
        assert hosts[f"r{keys.OTHER}"] == 10_000 - keys.MOST_VALUES
        (name,) = store.keys(keys.family("by:DEMO:"))
        assert store.memory_usage(name) < 2048

    def test_switched_off_nothing_is_recorded(self, store: Any, settings: Any) -> None:
        settings.CODETAGS_BREAKDOWNS = False
        Client().post(f"{URL}?code=DEMO&referrer=news.example.org", headers={"User-Agent": BROWSER})
        assert store.get(keys.count("DEMO")) == b"1"
        assert store.keys(keys.family("by:")) == []
        Client().post(f"{URL}?code=BT26&at=hall", headers={"User-Agent": BROWSER})
        assert fields(store, "BT26") == {"@hall": 1}, "a placement is part of the code"
