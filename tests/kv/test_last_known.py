"""A value that a process keeps: how old it may be, who reads it again, and what is raised when nobody can."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.test import override_settings

from kv.web import last_known
from kv.web.last_known import LastKnown


class Away(Exception):
    """The source can't be reached."""


class Clock:
    """The monotonic clock as the module sees it, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Source:
    """Counts how often it is read; away while `is_away`."""

    def __init__(self) -> None:
        self.reads, self.is_away = 0, False

    def read(self) -> int:
        self.reads += 1
        if self.is_away:
            raise Away("source")
        return self.reads


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(last_known, "time", made)
    return made


@pytest.fixture
def source() -> Source:
    return Source()


def kept(patience: float | None = None) -> LastKnown[int]:
    return LastKnown(away=(Away,), fresh=5, oldest=60, pause=1, patience=patience, unread=Away("being read"))


def test_what_is_kept_is_given_without_a_read(clock: Clock, source: Source) -> None:
    known = kept()
    assert known.kept() is None
    known.get(source.read)
    clock.now += 4.9
    value, age = known.kept() or (0, 0.0)
    assert value == 1
    assert age == pytest.approx(4.9)
    clock.now += 0.1
    assert known.kept() is None
    assert source.reads == 1


def test_is_read_again_when_it_is_no_longer_fresh(clock: Clock, source: Source) -> None:
    known = kept()
    assert (known.get(source.read), known.get(source.read)) == ((1, 0), (1, 0))
    clock.now += 4
    assert known.get(source.read) == (1, 4)
    clock.now += 1
    assert known.get(source.read) == (2, 0)


def test_of_a_source_that_is_away_is_given_until_it_is_too_old(clock: Clock, source: Source) -> None:
    known = kept()
    known.get(source.read)
    source.is_away = True
    clock.now += 59
    assert known.get(source.read) == (1, 59)
    clock.now += 1
    with pytest.raises(Away, match="source"):
        known.get(source.read)
    assert known.value == 1


def test_a_source_that_failed_is_left_alone_for_a_while(clock: Clock, source: Source) -> None:
    known, raised = kept(), []
    source.is_away = True
    for _ in range(3):
        with pytest.raises(Away, match="source") as caught:
            known.get(source.read)
        raised.append(caught.value)
    assert (source.reads, len({id(error) for error in raised})) == (1, 3)
    source.is_away = False
    clock.now += 1
    assert known.get(source.read) == (2, 0)


def test_another_error_is_nobody_elses(source: Source) -> None:
    known = kept()
    with pytest.raises(ZeroDivisionError):
        known.get(lambda: 1 // 0)
    assert known.get(source.read)[0] == 1


def test_what_was_read_under_another_configuration_is_not_given(source: Source) -> None:
    known = kept()
    assert [known.get(source.read, of=name)[0] for name in ("a", "a", "b")] == [1, 1, 2]
    source.is_away = True
    with pytest.raises(Away):
        known.get(source.read, of="c")


def test_what_was_read_elsewhere_has_its_own_age(clock: Clock, source: Source) -> None:
    known = kept()
    known.remember(7, age=4)
    assert known.get(source.read) == (7, 4)
    known.amend(8)
    assert known.get(source.read) == (8, 4)
    clock.now += 1
    assert known.get(source.read) == (1, 0)


def test_nothing_is_amended_where_nothing_is_known() -> None:
    known = kept()
    known.amend(8)
    assert known.value is None


def test_is_forgotten_with_a_change_of_settings(source: Source) -> None:
    known = kept()
    known.get(source.read)
    with override_settings(DEBUG=True):
        assert known.value is None


@pytest.mark.parametrize("is_known", [True, False])
def test_who_finds_a_read_going_on_takes_what_there_is_or_waits(clock: Clock, *, is_known: bool) -> None:
    known, begun, go_on = kept(), Event(), Event()
    if is_known:
        known.remember(7, age=30)

    def slow() -> int:
        begun.set()
        assert go_on.wait(10)
        return 9

    with ThreadPoolExecutor(4) as threads:
        reader = threads.submit(known.get, slow)
        assert begun.wait(10)
        others = [threads.submit(known.get, slow) for _ in range(3)]
        if is_known:
            assert [other.result(10) for other in others] == [(7, 30)] * 3
        go_on.set()
        assert reader.result(10) == (9, 0)
        assert is_known or [other.result(10) for other in others] == [(9, 0)] * 3


def test_who_has_nothing_waits_only_as_long_as_its_patience(source: Source) -> None:
    known = kept(patience=0.01)
    begun, go_on = Event(), Event()

    def slow() -> int:
        begun.set()
        assert go_on.wait(10)
        return 9

    with ThreadPoolExecutor(1) as threads:
        reader = threads.submit(known.get, slow)
        assert begun.wait(10)
        until = time.monotonic() + 10
        with pytest.raises(Away, match="being read"):
            known.get(source.read)
        assert time.monotonic() < until
        go_on.set()
        assert reader.result(10)[0] == 9
