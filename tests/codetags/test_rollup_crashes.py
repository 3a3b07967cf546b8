"""Whatever happens between two commands of a roll-up: once one has ended, SQL has what the store has."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codetags import keys
from codetags.models import CopiedHits, DailyHits
from codetags.services import copied_days, rollup
from codetags.services.resets import reset_code
from codetags.services.rollup import roll_up_days, roll_up_step
from kv.days import local_day
from kv.sql.upserts import upsert_rows
from kv.store.connection import call, call_many, call_write
from kv.store.replies import pairs
from tests.samples import samples

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
CODES = ("AAAA", "BBBB", "CCCC", "DDDD", "EEEE")


class Killed(BaseException):
    """The process is gone: nothing after this runs, and what was committed stays."""


class Killer:
    """Ends the process at its nth write, before it or after it."""

    def __init__(self, at: int, *, after: bool) -> None:
        self._left = at
        self._after = after

    def around(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            done = write(*args, **kwargs)
            if self._left == 0:
                raise Killed
            return done

        return watched


def hit(code: str, back: int) -> None:
    """A hit of now, which the clock of the web worker dated `back` days ago."""
    day = (local_day() - timedelta(days=back)).isoformat()
    seconds, micros = call("TIME")
    count, _ = call_many([("INCR", keys.count(code)), ("HINCRBY", keys.days(code), day, 1)])
    call_many(
        [
            ("ZADD", keys.rank(), count, code),
            ("ZADD", keys.last_seen(), "GT", int(seconds) * 1000 + int(micros) // 1000, code),
        ]
    )


def in_store() -> dict[tuple[str, date], int]:
    found = call_many([("HGETALL", keys.days(code)) for code in CODES])
    return {
        (code, date.fromisoformat(day.decode())): int(count)
        for code, reply in zip(CODES, found, strict=True)
        for day, count in pairs(reply)
    }


def in_sql() -> dict[tuple[str, date], int]:
    return {(row.code, row.date): row.count for row in DailyHits.objects.all()}


hits = st.tuples(st.just("hit"), st.sampled_from(CODES), st.sampled_from((0, 0, 0, 1, 2, 40, 400)))
events = st.one_of(
    hits,
    hits,
    st.tuples(st.just("step"), st.just(""), st.just(0)),
    st.tuples(st.just("whole"), st.just(""), st.just(0)),
    st.tuples(st.just("killed before"), st.just(""), st.integers(1, 8)),
    st.tuples(st.just("killed after"), st.just(""), st.integers(1, 8)),
    st.tuples(st.just("reset"), st.sampled_from(CODES), st.just(0)),
)


@settings(max_examples=samples(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(events, max_size=25), st.sampled_from((1, 2, 500)), st.sampled_from((1, 2, 10_000)))
def test_a_roll_up_that_ended_has_left_nothing_out(
    store: Any, midday: None, happened: list[tuple[str, str, int]], chunk: int, group: int
) -> None:
    store.flushall()
    DailyHits.objects.all().delete()
    CopiedHits.objects.all().delete()
    with (
        patch.object(rollup, "_CHUNK", chunk),
        patch.object(copied_days, "GROUP_DAYS", group),
        patch.object(rollup, "_OVERLAP", timedelta(0)),  # it would look at every code again
    ):
        for kind, code, number in happened:
            _happen(kind, code, number)
        while roll_up_step():
            pass
        # The roll-up may have begun before the last hits: the next one takes them.
        while roll_up_step():
            pass
        assert in_sql() == in_store()
        totals = dict(CopiedHits.objects.values_list("code", "hits"))
        assert all(total == int(call("GET", keys.count(code)) or 0) for code, total in totals.items())
        assert roll_up_days(everything=True).rows == 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", range(1, 17))
def test_it_may_die_at_each_of_its_writes(
    store: Any, midday: None, monkeypatch: pytest.MonkeyPatch, write: int, *, after: bool
) -> None:
    """The first roll-up of five codes, each in a transaction of its own, two listed at once."""
    monkeypatch.setattr(rollup, "_OVERLAP", timedelta(0))
    monkeypatch.setattr(rollup, "_LISTED", 2)
    monkeypatch.setattr(copied_days, "GROUP_DAYS", 1)
    for code in CODES:
        hit(code, 0)
        hit(code, 3)
    _happen("killed after" if after else "killed before", "", write)
    while roll_up_step():
        pass
    while roll_up_step():
        pass
    assert in_sql() == in_store()


def _happen(kind: str, code: str, number: int) -> None:
    if kind == "hit":
        hit(code, number)
    elif kind == "step":
        roll_up_step()
    elif kind == "whole":
        roll_up_days(everything=True)
    elif kind == "reset":
        reset_code(code)
    else:
        killer = Killer(number, after=kind == "killed after")
        with (
            patch.object(rollup, "call_write", killer.around(call_write)),
            patch.object(copied_days, "upsert_rows", killer.around(upsert_rows)),
            suppress(Killed),
        ):
            roll_up_step()
