"""A Stripe with an account's balance, and how the worker reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from billing.models import RevenueMonth
from billing.services.revenue_readings import read_revenue
from tests.stripe_fake import shapes
from tests.stripe_fake.conformance import problems
from tests.stripe_fake.expansion import public

if TYPE_CHECKING:
    from tests.billing.scenario import Scenario

PAGE = "/admin/billing/revenuemonth/"
START = datetime(2026, 3, 30, 12, tzinfo=UTC)


@pytest.fixture
def books(scenario: Scenario) -> Scenario:
    """At Stripe it is 30 March."""
    scenario.stripe.state.now = int(START.timestamp())
    return scenario


def read_all(scenario: Scenario, *, after: timedelta = timedelta(minutes=30)) -> None:
    """All that is due."""
    while read_revenue(now=scenario.now + after):
        pass


def move(scenario: Scenario, amount: int, kind: str = "charge", **fields: Any) -> dict[str, Any]:
    """A change of the balance, as Stripe's own types have it."""
    made = shapes.movement(scenario.stripe.state, amount, None, kind, **fields)
    assert problems(public(made)) == []
    return made


def sums() -> dict[tuple[str, str], tuple[int, ...]]:
    """Month and currency → payments, gross, refunds, disputes, fees, net."""
    return {
        (f"{row.month:%m}", row.currency): (row.payments, row.gross, row.refunds, row.disputes, row.fees, row.net)
        for row in RevenueMonth.objects.all()
    }
