"""Breakdowns as they are read: by the API, by the staff's page and its file, and by the public."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import pytest
from django.test import Client, override_settings

from codetags import keys
from codetags.models import CodeTag, Placement
from codetags.services.breakdowns import LEAST_PUBLIC, hide_small, list_placements, read_breakdown
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from codetags.types import Audience, Breakdown, Device, Outcome, PlacementCount
from kv.days import local_day
from tests.codetags.callers import BROWSER, staff, store_away

pytestmark = pytest.mark.django_db
URL = "/api/dashboard/code-tags/BT26"
#: A Monday.
MONDAY = date(2026, 6, 1)


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def record(number: int, at: str = "", audience: Audience | None = None, **more: Any) -> None:
    address = str(IPv4Address("10.0.0.0") + number)
    outcome = record_hit(code="BT26", address=address, agent=BROWSER, at=at, audience=audience, **more)
    assert outcome is Outcome.COUNTED


def audience(device: Device = Device.PHONE, language: str = "fr", referrer: str = "", country: str = "") -> Audience:
    return Audience(device, language, referrer, country)


@pytest.fixture
def clerk(client: Client) -> Client:
    client.force_login(staff("view_counts"))
    return client


class TestReading:
    def test_sums_of_several_days(self, settings: Any) -> None:
        settings.TIME_ZONE = "UTC"
        for day, (device, language) in enumerate([(Device.PHONE, "fr"), (Device.PHONE, "de"), (Device.TABLET, "fr")]):
            moment = datetime(2026, 6, 1 + day, 13, tzinfo=UTC)
            record(day, "tram-12", audience(device, language, "a.example", "CH"), now=moment)
        found = read_breakdown("BT26", since=MONDAY, until=MONDAY + timedelta(days=1))
        assert found.placements == (PlacementCount("tram-12", "", 2, False),)
        assert {place: hits for place, hits in enumerate(found.hours) if hits} == {13: 1, 24 + 13: 1}
        assert found.devices == {Device.PHONE: 2, Device.TABLET: 0, Device.DESKTOP: 0, Device.OTHER: 0}
        assert (found.languages, found.referrers, found.countries) == ({"de": 1, "fr": 1}, {"a.example": 2}, {"CH": 2})

    def test_registered_placements_have_labels_and_stand_there_without_hits(self) -> None:
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        Placement.objects.create(code=tag, name="Hall-1", label="Hall 1")
        Placement.objects.create(code=tag, name="hall-2", label="Hall 2")
        record(1, "hall-2")
        today = local_day()
        found = read_breakdown("BT26", since=today, until=today)
        assert found.placements == (
            PlacementCount("hall-2", "Hall 2", 1, True), PlacementCount("hall-1", "Hall 1", 0, True)
        )  # fmt: skip

    def test_switched_off_it_shows_placements_alone(self) -> None:
        record(1, "hall", audience())
        with override_settings(CODETAGS_BREAKDOWNS=False):
            found = read_breakdown("BT26", since=local_day(), until=local_day())
        assert [one.at for one in found.placements] == ["hall"]
        assert not any(found.hours)
        assert not any(found.devices.values())
        assert (found.languages, found.referrers, found.countries) == ({}, {}, {})

    def test_placements_of_all_time_for_the_list(self) -> None:
        for number, at in enumerate(["b", "a", "b"]):
            record(number, at)
        assert list_placements(["BT26", "DEMO"]) == [[("b", 2), ("a", 1)], []]
        assert list_placements(["BT26"], most=1) == [[("b", 2)]]


class TestPublic:
    def shown(self, **counts: int) -> dict[str, int]:
        empty: Any = Breakdown((), (0,) * 168, dict.fromkeys(Device, 0), counts, {}, {})
        return hide_small(empty).languages

    def test_no_cell_below_five_is_shown(self) -> None:
        assert self.shown(fr=40, de=4, en=3) == {"fr": 40}

    def test_a_single_hidden_cell_takes_the_next_with_it(self) -> None:
        """Otherwise the total would tell it."""
        assert self.shown(fr=40, de=20, en=3) == {"fr": 40}
        assert self.shown(fr=40, de=20, en=1, es=1) == {"fr": 40}
        assert self.shown(fr=40, de=3) == {}

    def test_larger_ones_are_shown(self) -> None:
        assert self.shown(fr=5, de=6) == {"fr": 5, "de": 6}

    def test_of_every_kind(self) -> None:
        hours = [0] * 168
        hours[0:4] = [9, 2, 4, 7]
        exact = Breakdown(
            (PlacementCount("a", "", 9, False), PlacementCount("b", "", 4, False), PlacementCount("c", "", 3, True)),
            tuple(hours),
            {Device.PHONE: 8, Device.TABLET: 4, Device.DESKTOP: 3, Device.OTHER: 0},
            {}, {"a.example": 4}, {"CH": 3},
        )  # fmt: skip
        found = hide_small(exact)
        assert [one.at for one in found.placements] == ["a"]
        assert found.hours[:5] == (9, None, None, 7, 0)
        assert found.devices == {Device.PHONE: 8, Device.TABLET: None, Device.DESKTOP: None, Device.OTHER: 0}
        assert (found.referrers, found.countries) == ({}, {})
        numbers = [*found.hours, *found.devices.values(), *(one.count for one in found.placements)]
        assert all(number is None or number == 0 or number >= LEAST_PUBLIC for number in numbers)


class TestApi:
    def test_the_row_and_all_its_parts(self, clerk: Client, settings: Any) -> None:
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        Placement.objects.create(code=tag, name="hall", label="Hall 1")
        for number, (at, who) in enumerate([("hall", audience()), ("hall", audience(Device.DESKTOP, "")), ("", None)]):
            record(number, at, who)
        answer = clerk.get(URL)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        body = answer.json()
        assert (body["code"], body["label"], body["count"]) == ("BT26", "Fair", 3)
        assert body["days"] == [{"date": local_day().isoformat(), "count": 3}]
        assert body["placements"] == [{"at": "hall", "label": "Hall 1", "count": 2}]
        assert (len(body["hours"]), sum(body["hours"])) == (168, 3)
        assert body["devices"] == {"phone": 1, "tablet": 0, "desktop": 2, "other": 0}
        assert (body["languages"], body["referrers"], body["countries"]) == ({"fr": 1}, {}, {})
        assert set(clerk.get("/api/dashboard/code-tags").json()["codes"][0]) < set(body), "the row of the list"

    def test_on_chosen_days(self, clerk: Client) -> None:
        today = local_day()
        record(1, "hall")
        for since, until, hits in ((today, today, 1), (today - timedelta(days=3), today - timedelta(days=1), 0)):
            body = clerk.get(URL, {"from": since.isoformat(), "to": until.isoformat()}).json()
            assert (body["count"], sum(body["hours"]), len(body["placements"])) == (hits, hits, hits)
            assert len(body["days"]) == (until - since).days + 1

    @pytest.mark.parametrize("code", ["NONE", "nonsense", "~OTHER", "x" * 200])
    def test_an_unknown_code_is_404(self, clerk: Client, code: str) -> None:
        answer = clerk.get(f"/api/dashboard/code-tags/{code}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_small_letters_are_the_same_code(self, clerk: Client) -> None:
        record(1)
        assert clerk.get("/api/dashboard/code-tags/bt26").json()["code"] == "BT26"

    @pytest.mark.parametrize(
        "query", ["from=2026-02-02&to=2026-02-01", "from=x", "from=1000-01-01&to=2026-01-01", "to=2000-13-01"]
    )
    def test_days_that_are_none(self, clerk: Client, query: str) -> None:
        record(1)
        assert clerk.get(f"{URL}?{query}").status_code == 400

    def test_a_last_day_far_away_is_refused_by_name(self, clerk: Client) -> None:
        record(1)
        answer = clerk.get(URL, {"to": "9999-12-31"})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["to"])

    def test_days_that_are_all_to_come_have_none(self, clerk: Client) -> None:
        record(1)
        answer = clerk.get(URL, {"from": (local_day() + timedelta(days=1)).isoformat()})
        body = answer.json()
        assert (answer.status_code, body["days"], body["count"], sum(body["hours"])) == (200, [], 0, 0)

    def test_only_whoever_may_see_counts(self, client: Client) -> None:
        assert client.get(URL).status_code == 401
        client.force_login(staff())
        assert client.get(URL).status_code == 403

    def test_without_the_store(self, clerk: Client) -> None:
        with store_away():
            assert clerk.get(URL).status_code == 503


class TestPage:
    def page(self, clerk: Client, language: str = "") -> str:
        answer = clerk.get(f"{language}/admin/codetags/codecount/BT26/")
        assert answer.status_code == 200
        return answer.content.decode()

    def test_shows_every_part_in_the_readers_language(self, clerk: Client, settings: Any) -> None:
        settings.CODETAGS_COUNTRY_HEADER, settings.NUM_PROXIES = "CF-IPCountry", 1
        record(1, "hall", audience(Device.PHONE, "fr", "news.example.org", "CH"))
        for language, french, country in (("", "French", "Switzerland"), ("/de", "Französisch", "Schweiz"),
                                          ("/fr", "Français", "Suisse"), ("/es", "Francés", "Suiza")):  # fmt: skip
            text = self.page(clerk, language)
            for part in ("hall", french, country, "news.example.org", "?qr=BT26&amp;at=hall", 'id="chart-hours"'):
                assert part in text, (language, part)

    def test_says_what_will_appear_where_there_is_nothing(self, clerk: Client) -> None:
        record(1)
        with override_settings(CODETAGS_BREAKDOWNS=False):
            text = self.page(clerk)
        assert "<code>?qr=BT26&amp;at=tram-12</code>" in text
        assert 'id="chart-hours"' not in text

    def test_the_file_has_exact_numbers_and_says_so(self, clerk: Client) -> None:
        for number in range(6):
            record(number, "hall" if number else "tram", audience(Device.PHONE, "fr", "a.example"))
        answer = clerk.get("/admin/codetags/codecount/BT26/breakdown.csv")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined] # a stream
        rows = {(row["kind"], row["value"]): row for row in csv.DictReader(io.StringIO(text))}
        assert rows["placement", "hall"]["count"] == "5"
        assert rows["placement", "hall"]["link"].endswith("/?qr=BT26&at=hall")
        assert rows["placement", "hall"]["note"] == ""
        assert rows["placement", "tram"]["note"] == "fewer than 5: exact, not for publication"
        assert rows["device", "phone"]["count"] == rows["referrer", "a.example"]["count"] == "6"
        assert [row["label"] for row in rows.values() if row["kind"] == "language"] == ["French"]

    def test_the_list_and_its_file_name_the_busiest_placement(self, clerk: Client) -> None:
        for number, at in enumerate(["hall", "tram", "hall"]):
            record(number, at)
        mirror_registry()
        assert "hall" in clerk.get("/admin/codetags/codecount/").content.decode()
        answer = clerk.get("/admin/codetags/codecount/export.csv")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined] # a stream
        (row,) = csv.DictReader(io.StringIO(text))
        assert row["placements"] == "hall=2 tram=1"


class TestRegistry:
    def test_registered_ones_are_always_counted_by_name(self, store: Any) -> None:
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        for number in range(60):
            Placement.objects.create(code=tag, name=f"hall-{number}")
        mirror_registry()
        with override_settings(RATE_LIMITS=None):
            for number in range(200):
                record(number, f"made-up-{number}")
            for number in range(60):
                record(1000 + number, f"hall-{number}")
        names = {
            name.decode(): int(hits) for name, hits in store.zrange(keys.placements("BT26"), 0, -1, withscores=True)
        }
        assert len(names) == 60 + 50 + 1
        assert all(names[f"hall-{number}"] == 1 for number in range(60))
        assert names[keys.OTHER] == 150

    def test_one_that_leaves_the_registry_keeps_its_hits(self, store: Any) -> None:
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        hall, tram = (Placement.objects.create(code=tag, name=name) for name in ("hall", "tram"))
        mirror_registry()
        record(1, "hall")
        hall.delete()
        tram.delete()
        mirror_registry(always=False)
        assert store.zrange(keys.placements("BT26"), 0, -1) == [b"hall"]
        assert store.hgetall(keys.registered_placements()) == {b"BT26": b"0"}

    def test_a_name_in_print_stays(self) -> None:
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        hall = Placement.objects.create(code=tag, name="hall")
        hall.name = "other"
        with pytest.raises(Exception, match="renamed"):
            hall.full_clean()
        with pytest.raises(Exception, match="not a placement"):
            Placement(code=tag, name="a b").full_clean()

    def test_staff_enter_them_on_the_codes_page(self, client: Client) -> None:
        client.force_login(staff("view_codetag", "change_codetag"))
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        page = f"/admin/codetags/codetag/{tag.pk}/change/"
        assert "placements-TOTAL_FORMS" in client.get(page).content.decode()
        form = {"label": "Fair", "note": "", "placements-TOTAL_FORMS": "1", "placements-INITIAL_FORMS": "0",
                "placements-0-name": "Hall-1", "placements-0-label": "Hall 1", "placements-0-code": tag.pk}  # fmt: skip
        assert client.post(page, form).status_code == 302
        assert list(Placement.objects.values_list("code__code", "name", "label")) == [("BT26", "hall-1", "Hall 1")]

    def test_the_same_one_in_capitals_is_refused_in_the_form(self, client: Client) -> None:
        client.force_login(staff("view_codetag", "change_codetag"))
        tag = CodeTag.objects.create(code="BT26", label="Fair")
        kept = Placement.objects.create(code=tag, name="hall-1")
        form = {"label": "Fair", "note": "", "placements-TOTAL_FORMS": "2", "placements-INITIAL_FORMS": "1",
                "placements-0-id": kept.pk, "placements-0-name": "hall-1", "placements-0-code": tag.pk,
                "placements-1-name": "HALL-1", "placements-1-code": tag.pk}  # fmt: skip
        answer = client.post(f"/admin/codetags/codetag/{tag.pk}/change/", form)
        assert answer.status_code == 200
        assert 'class="errorlist' in answer.content.decode()
        assert Placement.objects.count() == 1

    def test_the_list_names_a_place_and_not_the_sum_of_the_others(self, clerk: Client) -> None:
        for number in range(keys.MOST_PLACEMENTS + 3):
            record(number, f"place-{number}")
        record(999, "place-7")
        mirror_registry()
        assert list_placements(["BT26"], most=1) == [[(keys.OTHER, 3)]]
        text = clerk.get("/admin/codetags/codecount/").content.decode()
        assert "most at place-7: 2" in text
        assert keys.OTHER not in text
