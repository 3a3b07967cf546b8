"""Accounts stored by the version before go on over their renewals: nothing comes twice, nothing is missed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.usertokens.version_before import ACCOUNTS
from usertokens.services import balances, journal, plans
from usertokens.services.audits import check_ledgers
from usertokens.types import PaidPeriod

pytestmark = pytest.mark.django_db


def at(month: int, day: int, hour: int = 12, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


NOW = at(11, 10, 9)
#: What is said after the update, if anything: the moment, the plan and its periods.
Said = tuple[datetime, str, list[PaidPeriod]]
OCTOBER = PaidPeriod("s:1", "Plus", at(10, 25), at(11, 25))
NOVEMBER = PaidPeriod("s:2", "Plus", at(11, 25), at(12, 25))
YEAR = PaidPeriod("s:y", "Premium", at(8, 31), at(8, 31, year=2027))
LATE = PaidPeriod("s:l", "Plus", at(11, 8), at(12, 8))
TRIAL = PaidPeriod("s:t", "Plus", at(11, 6), at(11, 13))
NEXT = PaidPeriod("s:n", "Plus", at(11, 13), at(12, 13))

#: user: what is said when, and the balance that is found when, after it.
SCENARIOS: list[tuple[str, list[Said], list[tuple[datetime, int]]]] = [
    ("free", [], [(NOW, 70), (at(11, 30), 70), (at(12, 1), 100), (at(1, 1, year=2027), 100)]),
    ("free", [(NOW, "Free", [])], [(NOW, 70), (at(12, 1), 100)]),
    ("free", [(NOW, "Plus", [PaidPeriod("s", "Plus", NOW, at(12, 10, 9))])], [(NOW, 1000), (at(12, 9), 1000)]),
    # Nothing is said before the renewal, or what was known is said again; the renewal is heard of an hour late.
    ("monthly", [(at(11, 25, 14), "Plus", [NOVEMBER])], [(NOW, 600), (at(11, 24), 600), (at(11, 25, 14), 1000)]),
    (
        "monthly",
        [(NOW, "Plus", [OCTOBER]), (at(11, 24), "Plus", [OCTOBER]), (at(11, 25, 13), "Plus", [NOVEMBER])],
        [(NOW, 600), (at(11, 24), 600), (at(11, 25, 12), 0), (at(11, 25, 13), 1000), (at(12, 24), 1000)],
    ),
    # More in the same period brings the difference; ended, the month that is paid for stays.
    (
        "monthly",
        [(NOW, "Premium", [PaidPeriod("s:1", "Premium", at(10, 25), at(11, 25))])],
        [(NOW, 4600), (at(11, 24), 4600)],
    ),
    ("monthly", [(NOW, "Free", [OCTOBER])], [(NOW, 600), (at(11, 25), 100), (at(12, 1), 100)]),
    ("yearly", [], [(NOW, 3500), (at(11, 30, 11), 3500), (at(11, 30), 5000), (at(12, 31), 5000)]),
    ("yearly", [(NOW, "Premium", [YEAR])], [(NOW, 3500), (at(11, 30), 5000), (at(12, 31), 5000)]),
    ("yearly", [(at(12, 2), "Premium", [YEAR])], [(at(11, 30), 5000), (at(12, 2), 5000), (at(12, 31), 5000)]),
    # A year that is ended keeps the month that had begun.
    (
        "yearly",
        [(NOW, "Free", [PaidPeriod("s:y", "Premium", at(8, 31), at(11, 30))])],
        [(NOW, 3500), (at(11, 30), 100), (at(12, 1), 100)],
    ),
    ("grace", [], [(NOW, 0), (at(12, 1), 0), (at(12, 8), 0)]),
    ("grace", [(at(11, 12), "Plus", [LATE])], [(NOW, 0), (at(11, 12), 1000), (at(12, 7), 1000)]),
    (
        "grace",
        [
            (NOW, "Plus", [PaidPeriod("s:l", "Plus", at(11, 8), at(12, 8), is_paid=False)]),
            (at(11, 12), "Plus", [LATE]),
        ],
        [(NOW, 0), (at(11, 12), 1000), (at(12, 7), 1000)],
    ),
    ("grace", [(at(11, 15), "Free", [])], [(NOW, 0), (at(11, 15), 100)]),
    ("trial", [(at(11, 13, 13), "Plus", [NEXT])], [(NOW, 750), (at(11, 13), 0), (at(11, 13, 13), 1000)]),
    (
        "trial",
        [(NOW, "Plus", [TRIAL]), (at(11, 13, 13), "Plus", [NEXT])],
        [(NOW, 750), (at(11, 13), 0), (at(11, 13, 13), 1000), (at(12, 12), 1000)],
    ),
    # Ended early by payment, as the first thing that is heard.
    (
        "trial",
        [
            (
                at(11, 11),
                "Plus",
                [
                    PaidPeriod("s:n", "Plus", at(11, 11), at(12, 11)),
                    PaidPeriod("s:t", "Plus", at(11, 6), at(11, 11)),
                ],
            )
        ],
        [(NOW, 750), (at(11, 11), 1000), (at(11, 13), 1000), (at(12, 10), 1000)],
    ),
    ("ended", [], [(NOW, 400), (at(11, 20), 100), (at(12, 1), 100)]),
    (
        "ended",
        [(at(11, 15), "Plus", [PaidPeriod("new", "Plus", at(11, 15), at(12, 15))])],
        [(at(11, 15), 1400), (at(11, 20), 1000)],
    ),
    ("by_hand", [], [(NOW, 4000), (at(11, 25), 5000)]),
    ("by_hand", [(NOW, "Plus", [OCTOBER]), (at(11, 25), "Plus", [NOVEMBER])], [(NOW, 4000), (at(11, 25), 1000)]),
]


@pytest.mark.parametrize(
    ("user", "said", "found"), SCENARIOS, ids=[f"{user}-{len(said)}-{len(found)}" for user, said, found in SCENARIOS]
)
def test_goes_on(store: Any, user: str, said: list[Said], found: list[tuple[datetime, int]]) -> None:
    write(store, user)
    for moment in sorted({*(one[0] for one in said), *(one[0] for one in found)}):
        for when, plan, periods in said:
            # Said twice, as Stripe does.
            for again in range(2) if when == moment else ():
                number = int(when.timestamp()) + again
                assert plans.apply_plan(user, plan, periods, by_calendar=plan == "Free", version=number, now=moment)
        for when, balance in found:
            if when == moment:
                assert (moment, balances.get_balance(user, now=moment).tokens.balance) == (moment, balance)
        assert check_ledgers([user], now=moment)[0].problems == ()
    assert journal.list_transactions(user, now=moment).results


def write(store: Any, user: str) -> None:
    for name, value in ACCOUNTS[user].items():
        key = f"user:{{{user}}}:{name}"
        if isinstance(value, list):
            store.rpush(key, *map(bytes.fromhex, value))
        elif name == "tokens:grants":
            store.hset(key, mapping={number: bytes.fromhex(packed) for number, packed in value.items()})
        else:
            first = {"first": bytes.fromhex(value["first"])} if "first" in value else {}
            store.hset(key, mapping=value | first)
