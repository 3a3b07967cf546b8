"""Lists of users for the worker: nobody is lost with a process that has taken them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from usertokens import keys
from usertokens.services.noted import take_noted

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS = (keys.fallen, keys.crossed, keys.reached, keys.news)


def taken(noted: str, limit: int = 10) -> set[str]:
    with take_noted(noted, limit) as found:
        return set(found)


@pytest.mark.parametrize("name", LISTS)
def test_each_is_taken_once(name: Callable[[], str], store: Any) -> None:
    store.sadd(name(), "1", "2", "3")
    parts = [taken(name(), 2), taken(name(), 2), taken(name(), 2)]
    assert [len(part) for part in parts] == [2, 1, 0]
    assert set.union(*parts) == {"1", "2", "3"}
    assert store.exists(name(), keys.taken(name())) == 0


@pytest.mark.parametrize("name", LISTS)
def test_whom_a_killed_process_had_taken_is_taken_again(name: Callable[[], str], store: Any) -> None:
    store.sadd(name(), "1", "2")
    killed = take_noted(name(), 1)  # and nothing of it runs any more
    (first,) = killed.__enter__()
    store.sadd(name(), "3")
    assert taken(name()) == {"1", "2", "3"}, first
    assert taken(name()) == set()


def test_whom_a_failure_met_is_taken_again(store: Any) -> None:
    store.sadd(keys.news(), "1")
    with pytest.raises(LookupError), take_noted(keys.news(), 5):
        raise LookupError
    assert taken(keys.news()) == {"1"}


def test_who_is_noted_meanwhile_stays(store: Any) -> None:
    store.sadd(keys.news(), "1")
    with take_noted(keys.news(), 5):
        store.sadd(keys.news(), "1")
    assert taken(keys.news()) == {"1"}
