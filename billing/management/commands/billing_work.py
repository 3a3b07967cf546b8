"""Apply what is in the inbox."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from billing.duties import DUTIES
from billing.services.inbox import count_events
from billing.types import EventState
from kv.management.base import StoreCommand
from kv.work.duties import DutyHeld, run_duty


class Command(StoreCommand):
    """Drains the inbox once; `work` does the same whenever it is woken."""

    help = (
        "Applies the events from Stripe that are in the inbox, and reads customers whose time has come. "
        "`work` does it by itself."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do steps until none is left. Fails when the worker is at it already."""
        with self.meter(label="Applying", unit="steps") as meter:
            try:
                while run_duty(DUTIES[0]):
                    meter.advance()
            except DutyHeld as error:
                raise CommandError(f"Not now: {error}.") from error
        counts = count_events()
        counts_text = ", ".join(f"{counts.get(state, 0)} {state.value}" for state in EventState)
        self.stdout.write(f"Inbox: {counts_text}.")
