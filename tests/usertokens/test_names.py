"""Grants and entries bear names that tell them apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from usertokens.services import balances, journal, plans
from usertokens.templatetags.usertokens import with_names
from usertokens.types import Grant

END = datetime(2026, 3, 1, tzinfo=UTC)


def _grant(number: int, source: str, amount: int = 100, expires: datetime | None = END) -> Grant:
    return Grant(number, amount, amount, 20, expires, source)


@pytest.mark.parametrize(
    ("grants", "names"),
    [
        ([_grant(1, "allowance")], ["Allowance of the month"]),
        (
            [_grant(2, "allowance", 900), _grant(1, "allowance")],
            ["Allowance raised by 900", "Allowance of the month"],
        ),
        (
            [_grant(1, "allowance"), _grant(2, "allowance", 900), _grant(3, "allowance", 4000)],
            ["Allowance of the month", "Allowance raised by 900", "Allowance raised by 4,000"],
        ),
        (
            [_grant(1, "purchase", 500, None), _grant(4, "purchase", 500, None)],
            ["Bought", "Bought, no. 4"],
        ),
        (
            [_grant(1, "allowance"), _grant(2, "allowance", 100, END + timedelta(days=9))],
            ["Allowance of the month", "Allowance of the month, no. 2"],
        ),
        ([], []),
    ],
)
def test_no_two_grants_bear_one_name(grants: list[Grant], names: list[str]) -> None:
    assert [name for _, name in with_names(grants)] == names
    assert len(set(names)) == len(names)


@pytest.mark.django_db
def test_entries_of_an_allowance_name_the_plan(store: Any) -> None:
    """The one that came first, and what a dearer plan brought on top of it."""
    now = datetime(2026, 2, 3, tzinfo=UTC)
    balances.get_balance("7", now=now)
    plans.set_plan("7", "Plus", now=now)
    entries = journal.list_transactions("7", now=now).results
    assert [(entry.type, entry.amount, entry.reason) for entry in entries] == [
        ("allowance", 900, "Plus"),
        ("allowance", 100, ""),
    ]
