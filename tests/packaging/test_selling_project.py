"""Prices, usage, budgets, vouchers and events in somebody else's project: the wheel, `kv` and `usertokens` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    """What the project answers."""
    return drive("selling_project", bare=True)


def test_prices_by_action(project: dict[str, Any]) -> None:
    status, spent = project["image"]
    assert (status, spent["spent"], spent["action"], spent["quantity"], spent["balance"]) == (200, 20, "image", 2, 80)
    assert (project["unknown"][0], list(project["unknown"][1]["errors"])) == (400, ["action"])


def test_reserve_then_charge(project: dict[str, Any]) -> None:
    assert (project["hold"][0], project["hold"][1]["amount"]) == (201, 8)
    assert (project["capture"][0], project["capture"][1]["captured"], project["capture"][1]["balance"]) == (200, 4, 76)


def test_usage(project: dict[str, Any]) -> None:
    status, usage = project["usage"]
    assert (status, usage["total"]) == (200, 24)
    assert [(one["action"], one["quantity"], one["spent"]) for one in usage["actions"]] == [
        ("image", 2, 20), ("gpt:output", 500, 4),
    ]  # fmt: skip


def test_budgets(project: dict[str, Any]) -> None:
    assert (project["budget"][0], project["budget"][1]["day"]) == (200, 40)
    status, refusal = project["over"]
    assert (status, refusal["code"]) == (402, "budget_exceeded")


def test_vouchers(project: dict[str, Any]) -> None:
    assert (project["redeemed"][0], project["redeemed"][1]["balance"]) == (200, 126)
    assert project["again"][0] == 400


def test_events(project: dict[str, Any]) -> None:
    assert project["told"] == ["tokens.granted", "tokens.spent"]


def test_the_balance_is_explained(project: dict[str, Any]) -> None:
    explained = project["explained"]
    assert (explained["balance"], explained["proved"]) == (126, True)
    assert [(one["action"], one["tokens"]) for one in explained["spent_on"]] == [("image", 20), ("gpt:output", 4)]
    assert sorted(grant["source"] for grant in explained["grants"]) == ["allowance", "voucher"]
    assert project["check"].startswith("1 ledgers checked, 0 wrong")


def test_the_pages_open(project: dict[str, Any]) -> None:
    assert set(project["pages"].values()) == {200}
