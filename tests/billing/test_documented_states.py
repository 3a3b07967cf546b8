"""The table in docs/billing.md of what each status of a subscription gives is true."""

from __future__ import annotations

import re

import pytest

from billing.services.statuses import SUBSCRIPTION
from tests.billing.scenario import Scenario
from tests.house.tree import ROOT
from usertokens.services import balances

TABLE = re.compile(r"^\| (?P<says>`[^|]+`) \| (?P<plan>[^|]+) \| (?P<tokens>[^|]+) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    """Plan and tokens by status; a row may name several."""
    text = (ROOT / "docs" / "billing.md").read_text().partition("## What holds when")[2].partition("\n## ")[0]
    found: dict[str, tuple[str, str]] = {}
    for row in TABLE.finditer(text):
        names = re.findall(r"`(\w+)`", row["says"])
        if ", ".join(f"`{name}`" for name in names) == row["says"].strip():
            found |= dict.fromkeys(names, (row["plan"].strip(), row["tokens"].strip()))
    return found


def test_every_status_has_a_row_and_no_other() -> None:
    assert set(rows()) == set(SUBSCRIPTION)


@pytest.mark.django_db
@pytest.mark.parametrize("status", sorted(SUBSCRIPTION))
def test_what_the_table_says_holds(scenario: Scenario, status: str) -> None:
    plan, tokens = rows()[status]
    actions, price = scenario.stripe.actions, scenario.shop["plus_month"]
    if status == "trialing":
        actions.subscribe(scenario.customer, price, trial_days=14)
    elif status in ("incomplete", "incomplete_expired"):
        subscription = actions.subscribe(scenario.customer, price, pays=False)["id"]
        if status == "incomplete_expired":
            actions.expire_incomplete(subscription)
    else:
        subscription = actions.subscribe(scenario.customer, price)["id"]
        scenario.deliver()
        if status == "past_due":
            actions.renew(subscription, paid=False)
        elif status == "unpaid":
            actions.renew(subscription, paid=False)
            actions.give_up(subscription, "unpaid")
        elif status == "canceled":
            actions.end(subscription)
        elif status == "paused":
            actions.update(subscription, status="paused")
    scenario.deliver()
    assert scenario.subscription.status == status
    assert scenario.plan == ("Plus" if plan.startswith("holds") else "Free")
    allowance = balances.get_balance(scenario.user_id, now=scenario.now).tokens.allowance
    if tokens.startswith("come"):
        assert allowance == 1000
    elif tokens.startswith("wait"):
        assert allowance == 0
    else:
        assert tokens.startswith("those of Free")
        assert scenario.plan == "Free"
