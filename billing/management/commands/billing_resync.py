"""Read every customer from Stripe."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.core.management.base import CommandError, CommandParser

from billing.errors import CustomerBusy, StripeRefused, StripeUnavailable, Unresolved
from billing.services import resync
from billing.services.stripe_api import is_on
from billing.services.sync import sync_named
from billing.types import Difference
from kv.management.base import StoreCommand

T = TypeVar("T")
_TRIES = 5


def _pace(text: str) -> float:
    pace = float(text)
    if not 0.01 <= pace <= 1000:  # noqa: PLR2004 (a customer in 100 seconds; faster than any Stripe)
        raise ArgumentTypeError("0.01 to 1000 is required")
    return pace


class Command(StoreCommand):
    """Shows the differences, asks for confirmation, then applies them."""

    help = (
        "Read every customer from Stripe, list the users whose plan or purchases differ, and apply Stripe's state "
        "after confirmation. Use it when events were lost, or after a restored backup."
    )
    destroys = True
    writes_bulk = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Which customers, and how fast."""
        parser.add_argument(
            "customer", nargs="*", help="Only these customers (cus_…, or cs_… for a checkout without a customer)."
        )
        parser.add_argument(
            "--per-second",
            type=_pace,
            default=5.0,
            help="Customers a second (default 5, each three or four requests of Stripe's 100).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the differences, then apply them."""
        self._pause = 1 / options["per_second"]
        self._next = time.monotonic()
        if not is_on():
            raise CommandError("Billing is not set up: STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET.")
        try:
            customers = options["customer"] or resync.list_customers()
        except (StripeUnavailable, StripeRefused) as error:
            raise CommandError(f"Stripe: {error.reason}.") from error
        found: list[Difference] = []
        failed = 0
        for customer in self.progress(customers, len(customers), "Reading", "customers"):
            try:
                difference = self._patiently(partial(resync.find_difference, customer))
            except (Unresolved, StripeRefused) as error:
                failed += 1
                self.stderr.write(f"{customer}: {error.reason}")
                continue
            if difference is not None:
                found.append(difference)
                self.stdout.write(
                    f"{customer}  user {difference.user_id or '–'}: {difference.here} → {difference.there}"
                )
        if not found:
            self.stdout.write(f"{len(customers) - failed} customers are as Stripe says.")
        elif not self.dry_run:
            self.confirm(f"Make these {len(found)} as Stripe says?")
            failed += self._apply(found)
        if failed:
            raise CommandError(f"{failed} could not be read or applied.")

    def _apply(self, found: list[Difference]) -> int:
        failed = 0
        for difference in self.progress(found, len(found), "Applying", "customers"):
            try:
                self._patiently(partial(sync_named, difference.customer_id))
            except (Unresolved, StripeRefused) as error:
                failed += 1
                self.stderr.write(f"{difference.customer_id}: {error.reason}")
        self.stdout.write(f"{len(found) - failed} of {len(found)} are now as Stripe says.")
        return failed

    def _patiently(self, do: Callable[[], T]) -> T:
        """Call `do` at the chosen rate; try again a few times when Stripe is busy."""
        for attempt in range(1, _TRIES + 1):
            time.sleep(max(self._next - time.monotonic(), 0))
            self._next = time.monotonic() + self._pause
            try:
                return do()
            except (StripeUnavailable, CustomerBusy) as error:
                if attempt == _TRIES:
                    raise CommandError(f"Stopped: {error}. Run it again; what is done is done.") from error
                self._next += 2**attempt * self._pause
        raise AssertionError("unreachable")
