"""What was not counted, and why: by code and day, bounded, and never in the way of an answer."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone

from codetags import keys
from codetags.models import CodeTag
from codetags.services.counts import get_code, list_codes, list_days
from codetags.services.excluded_hits import CODE_REASONS, count_excluded, exclude_hit, read_excluded, read_sums
from codetags.services.hits import record_hit
from codetags.services.resets import reset_code
from codetags.types import Reason
from kv.days import local_day
from tests.codetags.callers import ADDRESS, BROWSER, URL, hit, staff, store_away

pytestmark = pytest.mark.django_db(transaction=True)
ADMIN = "/admin/codetags/codecount/"


@pytest.fixture(autouse=True)
def _clean(store: Any, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""
    CodeTag.objects.create(code="DEMO", label="Poster")


def excluded(code: str = "DEMO") -> dict[Reason, int]:
    found = get_code(code)
    assert found is not None
    return {reason: calls for reason, calls in found.excluded.items() if calls}


def sum_excluded(**days: Any) -> dict[Reason, int]:
    return read_excluded([], **days)[1]


def sums() -> dict[Reason, int]:
    return {reason: calls for reason, calls in sum_excluded().items() if calls}


class TestReasons:
    @pytest.mark.parametrize(
        ("headers", "reason"),
        [
            ({"User_Agent": "curl/8.5.0"}, Reason.BOT),
            ({"User_Agent": ""}, Reason.BOT),
            ({"Sec_Purpose": "prefetch"}, Reason.PREFETCH),
            ({"Sec_Fetch_Site": "cross-site"}, Reason.CROSS_SITE),
        ],
    )
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_of_a_call_that_counts_nothing(self, method: str, headers: dict[str, str], reason: Reason) -> None:
        hit(Client(), method=method, **headers)
        assert excluded() == sums() == {reason: 1}

    def test_head(self) -> None:
        hit(Client(), method="head")
        assert excluded() == {Reason.BOT: 1}

    def test_staff(self) -> None:
        client = Client()
        client.force_login(staff())
        hit(client)
        assert excluded() == {Reason.STAFF: 1}

    def test_repeats_with_the_cookie_and_without(self) -> None:
        client = Client()
        hit(client)
        hit(client)
        hit(Client())
        assert excluded() == {Reason.REPEAT: 2}

    def test_over_the_limit(self) -> None:
        with override_settings(RATE_LIMITS={"code": "1/minute"}):
            for number in range(3):
                hit(Client(), User_Agent=f"{BROWSER} {number}")
        assert excluded() == {Reason.LIMITED: 2}

    def test_outside_its_dates(self) -> None:
        CodeTag.objects.update(end=date(2020, 1, 1))
        for _ in range(2):
            hit(Client())
        assert excluded() == {Reason.OUTSIDE: 1, Reason.REPEAT: 1}

    def test_a_code_that_can_t_be_read_is_of_all_alone(self) -> None:
        assert Client().post(f"{URL}?unreadable=1", headers={"User-Agent": BROWSER}).status_code == 200
        picture = Client().get(f"{URL}?unreadable=1", headers={"User-Agent": BROWSER, "Accept": "image/*"})
        assert picture.headers["Content-Type"] == "image/gif"
        assert hit(Client(), "nonsense", id="one").status_code == 400
        assert hit(Client(), "nonsense").status_code == 400
        assert hit(Client(), "nonsense", User_Agent="curl/8.5.0").status_code == 400, "a robot's links are its own"
        assert Client().post(f"{URL}?unreadable=1", headers={"User-Agent": "curl/8.5.0"}).status_code == 200
        assert sums() == {Reason.UNREADABLE: 4}
        assert excluded() == {}

    def test_what_counts_is_none_of_them(self) -> None:
        hit(Client())
        assert sums() == {}


class TestBounds:
    def test_whoever_invents_codes_gets_no_fields(self, store: Any) -> None:
        for number in range(300):
            exclude_hit(code=f"{number:04d}", reason=Reason.BOT)
        assert store.hlen(keys.excluded()) == 2
        ((others,), _) = read_excluded([keys.OTHER])
        assert others[Reason.BOT] == sums()[Reason.BOT] == 300

    def test_a_day_has_so_many_fields(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "EXCLUDED_FIELDS", 4)
        for number in range(20):
            record_hit(code=f"{number:04d}", address=ADDRESS, agent=BROWSER)
            exclude_hit(code=f"{number:04d}", reason=Reason.BOT)
        assert store.hlen(keys.excluded_on(local_day())) <= 5
        assert sum_excluded(since=local_day())[Reason.BOT] == 20

    def test_its_days_expire(self, store: Any) -> None:
        exclude_hit(code="DEMO", reason=Reason.BOT)
        assert 0 < store.ttl(keys.excluded_on(local_day())) <= keys.EXCLUDED_SECONDS
        assert store.ttl(keys.excluded()) == -1


class TestDays:
    def test_are_told_apart(self) -> None:
        now = timezone.now()
        for back in (0, 0, 1, 5):
            exclude_hit(code="DEMO", reason=Reason.BOT, now=now - timedelta(days=back))
        today = local_day()
        days = list_days("DEMO", since=today - timedelta(days=5), until=today)
        assert [day.excluded[Reason.BOT] for day in days] == [1, 0, 0, 0, 1, 2]
        assert sum_excluded(since=today - timedelta(days=1))[Reason.BOT] == 3
        assert sum_excluded(since=today, until=date(2999, 1, 1))[Reason.BOT] == 2
        assert sum_excluded(until=date(1999, 1, 1))[Reason.BOT] == 0
        hit(Client())
        (row,) = list_codes(since=today - timedelta(days=1)).codes
        assert row.excluded[Reason.BOT] == 3

    def test_a_chart_of_long_ago_has_none(self) -> None:
        days = list_days("DEMO", since=date(1970, 1, 1), until=date(1970, 1, 3))
        assert [day.excluded_count for day in days] == [0, 0, 0]


class TestWithoutTheStore:
    @pytest.mark.parametrize("headers", [{"User_Agent": "curl/8.5.0"}, {"Sec_Purpose": "prefetch"}])
    def test_the_answer_is_the_same(self, headers: dict[str, str]) -> None:
        with store_away():
            assert hit(Client(), **headers).json() == {"code": "DEMO", "counted": False}
            assert Client().post(f"{URL}?unreadable=1", headers={"User-Agent": BROWSER}).status_code == 200


class TestSums:
    @pytest.mark.parametrize("few", [1000, 1])
    def test_of_some_codes_however_they_are_read(self, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("codetags.services.excluded_hits._CHUNK", few)
        monkeypatch.setattr("codetags.services.excluded_hits._WALKED", 2)
        for code, reason in (("DEMO", Reason.BOT), ("DEMO", Reason.STAFF), ("BT26", Reason.BOT), ("POST", Reason.BOT)):
            CodeTag.objects.get_or_create(code=code, defaults={"label": "Poster"})
            exclude_hit(code=code, reason=reason)
        exclude_hit(reason=Reason.UNREADABLE)
        found = read_sums(["DEMO", "BT26", "NONE"])
        assert {reason: calls for reason, calls in found.items() if calls} == {Reason.BOT: 2, Reason.STAFF: 1}
        assert list(found) == list(CODE_REASONS)


class TestReset:
    def test_takes_a_code_s_out_of_the_sums(self) -> None:
        CodeTag.objects.create(code="BT26", label="Other")
        for code in ("DEMO", "BT26", "BT26"):
            exclude_hit(code=code, reason=Reason.BOT)
        reset_code("BT26")
        assert (excluded("BT26"), excluded(), sums()) == ({}, {Reason.BOT: 1}, {Reason.BOT: 1})
        assert sum_excluded(since=local_day())[Reason.BOT] == 1

    def test_of_all(self) -> None:
        exclude_hit(code="DEMO", reason=Reason.BOT)
        call_command("codetags_reset", "--yes", stdout=io.StringIO())
        assert sums() == {}


class TestCounters:
    def test_never_go_down(self) -> None:
        CodeTag.objects.create(code="FAIR", label="Fair")
        seen = [count_excluded()]
        for code in ("DEMO", "FAIR", "DEMO"):
            exclude_hit(code=code, reason=Reason.BOT)
        exclude_hit(reason=Reason.UNREADABLE)
        seen.append(count_excluded())
        reset_code("DEMO")
        reset_code("DEMO")
        seen.append(count_excluded())
        exclude_hit(code="DEMO", reason=Reason.BOT)
        seen.append(count_excluded())
        call_command("codetags_reset", "--yes")
        seen.append(count_excluded())
        exclude_hit(code="FAIR", reason=Reason.BOT)
        seen.append(count_excluded())
        assert [found[Reason.BOT] for found in seen] == [0, 3, 3, 4, 4, 5]
        assert [found[Reason.UNREADABLE] for found in seen] == [0, 1, 1, 1, 1, 1]
        assert sums() == {Reason.BOT: 1}


class TestShown:
    @pytest.fixture(autouse=True)
    def _calls(self) -> None:
        hit(Client())
        hit(Client(), User_Agent="curl/8.5.0")
        Client().post(f"{URL}?unreadable=1", headers={"User-Agent": BROWSER})

    @pytest.fixture
    def clerk(self) -> Client:
        client = Client()
        client.force_login(User.objects.create_superuser("owner", password="a long password"))
        return client

    def test_by_the_api(self, clerk: Client) -> None:
        (row,) = clerk.get("/api/dashboard/code-tags").json()["codes"]
        assert {reason: calls for reason, calls in row["not_counted"].items() if calls} == {"bot": 1}

    def test_in_the_list_and_on_the_page_of_the_code(self, clerk: Client) -> None:
        page = clerk.get(ADMIN).content.decode()
        assert "What was not counted, and why" in page
        assert 'Links without a readable code</dt><dd class="codes-number">1</dd>' in page
        page = clerk.get(f"{ADMIN}DEMO/").content.decode()
        assert 'Bots and programs</th><td class="codes-number">1</td><td class="codes-number">1</td>' in page
        assert "Links without a readable code" not in page

    def test_in_the_file(self, clerk: Client) -> None:
        answer: Any = clerk.get(f"{ADMIN}export.csv")
        (row,) = csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig")))
        assert (row["code"], row["not_counted_bot"], row["not_counted_repeat"]) == ("DEMO", "1", "0")

    def test_in_the_metrics(self, clerk: Client) -> None:
        lines = clerk.get("/metrics").content.decode().splitlines()
        assert 'countinghouse_code_hits_left_out_total{reason="bot"} 1.0' in lines
        assert 'countinghouse_code_hits_left_out_total{reason="unreadable"} 1.0' in lines
