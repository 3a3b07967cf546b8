"""Trials: the first days of a plan cost nothing, once a user."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing.conf import app_settings
from billing.errors import StripeRefused
from billing.models import StripeCustomer
from billing.services.stripe_api import PAGE, client, fetch_all


def trial_days(plan: str, rows: Iterable[StripeCustomer]) -> int:
    """The days of a trial that a user gets with this plan now; 0 for none, and for whoever had one of any plan.

    rows: the user's customers. Raises StripeUnavailable.
    """
    days = int(app_settings.BILLING_TRIAL_DAYS.get(plan, 0))
    return 0 if not days or any(_had_one(str(row.customer_id)) for row in rows) else days


def _had_one(customer_id: str) -> bool:
    params: Any = {"customer": customer_id, "status": "all", "limit": PAGE}
    try:
        found = fetch_all(lambda: client().v1.subscriptions.list(params))
    except StripeRefused:
        return False  # a customer of another account
    return any(one.get("trial_start") for one in found)
