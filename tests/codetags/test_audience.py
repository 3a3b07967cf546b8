"""Many visitors of one address: each of an audience counts, a browser that comes again does not."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from codetags import keys
from codetags.services.counts import get_code
from codetags.services.hits import CROWD, CROWD_SECONDS, LANDING_SECONDS, record_hit
from codetags.types import Outcome, Reason
from kv.web.rate_limits import RateLimited
from tests.codetags.callers import ADDRESS, BROWSER, hit
from tests.outside import package

PHONES = 300
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.6.1 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(autouse=True)
def _clean(store: Any, db: None, midday: None) -> None:
    """Every test here needs the store empty, and one day to run in."""


def audience(seed: int) -> list[str]:
    """The agents of so many telephones, as often as npm's `user-agents` has seen each in the world."""
    entries = json.loads((package("user-agents") / "dist" / "user-agents.json").read_text())
    phones = [entry for entry in entries if entry["deviceCategory"] == "mobile"]
    chosen = Random(seed).choices(phones, [phone["weight"] for phone in phones], k=PHONES)
    return [phone["userAgent"] for phone in chosen]


def count(code: str = "DEMO") -> int:
    found = get_code(code)
    return found.count if found else 0


def pass_time(store: Any) -> None:
    """A minute goes by for the crowd, not for the backstop."""
    for key in store.keys(keys.family("crowd:")):
        store.delete(key)


class TestAudience:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    @pytest.mark.parametrize("with_scripts", [True, False])
    def test_of_300_phones_behind_one_address_nearly_all_count(
        self, seed: int, with_scripts: bool, record_property: Any
    ) -> None:
        agents = audience(seed)
        assert len(set(agents)) < PHONES / 3, "most of them look alike, as they do in the world"
        answers = [
            hit(Client(), User_Agent=agent, **({"id": f"{number:032x}"} if with_scripts else {})).json()["counted"]
            for number, agent in enumerate(agents)
        ]
        record_property("figures", f"{sum(answers)} of {PHONES} phones behind one address counted")
        assert sum(answers) == count() >= 0.95 * PHONES

    def test_a_class_with_the_same_tablets_counts(self) -> None:
        outcomes = [
            record_hit(code="DEMO", address=ADDRESS, agent=IPHONE, landing=f"{number:032x}") for number in range(30)
        ]
        assert outcomes.count(Outcome.COUNTED) == 30 - (CROWD - 2)

    def test_the_default_limits_hold_a_full_room_and_no_more(self, store: Any) -> None:
        for number in range(1000):
            record_hit(code="DEMO", address=ADDRESS, agent=f"{BROWSER} {number}")
        with pytest.raises(RateLimited):
            record_hit(code="DEMO", address=ADDRESS, agent=f"{BROWSER} x")
        found = get_code("DEMO")
        assert found is not None
        assert (found.count, found.excluded[Reason.LIMITED]) == (1000, 1)

    def test_the_crowd_is_one_of_the_last_minute(self, store: Any) -> None:
        for number in range(CROWD):
            record_hit(code="DEMO", address=ADDRESS, agent=f"{BROWSER} {number}")
        assert 0 < store.ttl(keys.crowd(keys_of(store), "DEMO")) <= CROWD_SECONDS
        assert record_hit(code="DEMO", address=ADDRESS, agent=f"{BROWSER} 0") is Outcome.COUNTED
        assert record_hit(code="BT26", address=ADDRESS, agent=IPHONE) is Outcome.COUNTED
        assert record_hit(code="BT26", address=ADDRESS, agent=IPHONE) is Outcome.SEEN, "a crowd is one code's"
        pass_time(store)
        assert record_hit(code="DEMO", address=ADDRESS, agent=f"{BROWSER} 0") is Outcome.SEEN

    def test_languages_tell_equal_phones_apart(self) -> None:
        answers = [
            hit(Client(), User_Agent=IPHONE, Accept_Language=language).json()["counted"] for language in ("de", "fr")
        ]
        assert answers == [True, True]


def keys_of(store: Any) -> str:
    """The caller's part of the one crowd's key."""
    (name,) = store.keys(keys.family("crowd:"))
    return str(name.decode().split(":")[-2])


class TestOneBrowser:
    def test_without_cookies_it_reloads_for_ten_minutes_and_counts_once(self) -> None:
        answers = [hit(Client(), Accept="image/*").headers["Content-Type"] for _ in range(30)]
        assert answers == ["image/gif"] * 30
        assert count() == 1

    def test_without_cookies_it_opens_the_link_every_20_seconds_and_counts_at_most_twice(self, store: Any) -> None:
        for number in range(30):
            if number % 3 == 0:
                pass_time(store)
            record_hit(code="DEMO", address=ADDRESS, agent=IPHONE, landing=f"{number:032x}")
        assert 1 <= count() <= 2

    def test_of_somebody_who_looks_like_it_no_day_is_taken(self) -> None:
        first, second = hit(Client(), User_Agent=IPHONE), hit(Client(), User_Agent=IPHONE)
        assert first.cookies["qr_counted"].value == "DEMO"
        assert (second.json()["counted"], len(second.cookies)) == (False, 0)


class TestLanding:
    def test_reported_twice_counts_once_even_from_another_network(self, client: Client) -> None:
        answers = [
            hit(Client(), id="one"),
            hit(Client(), id="one"),
            hit(Client(), id="one", address="198.51.100.9"),
        ]
        assert [answer.json()["counted"] for answer in answers] == [True, False, False]
        assert [answer.cookies["qr_counted"].value for answer in answers] == ["DEMO"] * 3, "it was counted: its day"
        found = get_code("DEMO")
        assert found is not None
        assert (found.count, sum(found.excluded.values())) == (1, 0)

    def test_an_id_is_of_one_code(self) -> None:
        assert [hit(Client(), code, id="one").json()["counted"] for code in ("DEMO", "BT26")] == [True, True]

    def test_its_id_goes_after_a_day(self, store: Any) -> None:
        hit(Client(), id="one")
        (name,) = store.keys(keys.family("landing:"))
        assert 86_400 < store.ttl(name) <= LANDING_SECONDS

    def test_is_remembered_over_midnight(self, store: Any) -> None:
        now = timezone.now()
        assert record_hit(code="DEMO", address=ADDRESS, agent=IPHONE, landing="one", now=now) is Outcome.COUNTED
        later = now + timedelta(days=1)
        assert record_hit(code="DEMO", address=ADDRESS, agent=IPHONE, landing="one", now=later) is Outcome.AGAIN

    @pytest.mark.parametrize("wrong", ["", "x" * 65, "é", "a\nb"])
    def test_an_id_that_is_none_is_refused(self, wrong: str) -> None:
        answer = hit(Client(), id=wrong)
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["id"])

    def test_after_a_limit_it_counts_when_it_comes_again(self, store: Any) -> None:
        with override_settings(RATE_LIMITS={"code": "1/minute"}):
            hit(Client(), address=ADDRESS)
            refused = hit(Client(), User_Agent=IPHONE, id="one")
        assert refused.status_code == 429
        assert hit(Client(), User_Agent=IPHONE, id="one").json()["counted"] is True
