"""What is no number of tokens moves none, whoever asks: the services check it, not only the API's shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from usertokens.services import balances, holds, purchases
from usertokens.services.audits import check_ledgers

pytestmark = pytest.mark.django_db

USER = "17"
#: Everything that takes a number: the argument's name, the least it may be (None: anything but 0), and a call with it.
TAKERS: list[tuple[str, int | None, Callable[[Any], Any]]] = [
    ("amount", 1, lambda number: balances.spend_tokens(USER, number)),
    ("cost", 1, lambda number: balances.record_generation(USER, number)),
    ("amount", 1, lambda number: balances.add_tokens(USER, number, reason="gift")),
    ("priority", 0, lambda number: balances.add_tokens(USER, 1, reason="gift", priority=number)),
    ("change", None, lambda number: balances.adjust_tokens(USER, number, reason="count", actor="1")),
    ("amount", 1, lambda number: balances.reverse_entry(USER, 2, number, reason="mend")),
    ("amount", 1, lambda number: holds.hold_tokens(USER, number, ttl_seconds=60)),
    ("ttl_seconds", 1, lambda number: holds.hold_tokens(USER, 1, ttl_seconds=number)),
    ("amount", 1, lambda number: holds.capture_hold(USER, "3-x", number)),
    ("amount", 1, lambda number: purchases.grant_tokens(USER, number, reason="top-up", key="cs_2")),
    ("amount_total", 0, lambda number: purchases.reverse_grant(USER, "cs_1", number)),
    ("amount_total", 0, lambda number: purchases.restore_grant(USER, "cs_1", number)),
]
CALLS = [
    pytest.param(name, take, number, id=f"{place}-{name}-{number!r}")
    for place, (name, least, take) in enumerate(TAKERS)
    for number in (0, -1, -400, 2.0, True, "3")
    if type(number) is not int or (number == 0 if least is None else number < least)
]


@pytest.mark.parametrize(("name", "take", "number"), CALLS)
def test_is_refused_by_name_and_moves_nothing(store: Any, name: str, take: Callable[[Any], Any], number: Any) -> None:
    balances.spend_tokens(USER, 5)
    purchases.grant_tokens(USER, 50, reason="top-up", key="cs_1")
    before = balances.get_balance(USER)
    with pytest.raises(ValueError, match=f"^{name}: "):
        take(number)
    assert balances.get_balance(USER) == before
    assert check_ledgers([USER])[0].problems == ()


@pytest.mark.parametrize(
    "take",
    [
        lambda: balances.add_tokens(USER, 1, reason="gift", priority=1000),
        lambda: holds.hold_tokens(USER, 1, ttl_seconds=holds.LONGEST_HOLD + 1),
    ],
)
def test_some_have_an_end(store: Any, take: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=" to "):
        take()
