"""Connects signals between apps. Besides it, only `billing` calls `usertokens`."""

from __future__ import annotations

from billing.signals import end_before_closing
from usertokens.signals import account_closing


def connect() -> None:
    """End a subscription before its account is deleted. While Stripe can't be reached, no account is deleted."""
    account_closing.connect(end_before_closing, dispatch_uid="config.end_before_closing")
