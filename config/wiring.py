"""The only wiring between the apps, beside the plain calls of `billing` into `usertokens`."""

from __future__ import annotations

from billing.signals import end_before_closing
from usertokens.signals import account_closing


def connect() -> None:
    """A subscription ends before anything of its account is deleted; while Stripe can't be reached, nothing is."""
    account_closing.connect(end_before_closing, dispatch_uid="config.end_before_closing")
