"""Apply the events of the inbox."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from billing.duties import DUTIES
from billing.services.inbox import count_events
from billing.types import EventState
from kv.management.base import StoreCommand
from kv.work.duties import DutyHeld, run_duty


class Command(StoreCommand):
    """Applies all events that are due; the command `work` does so whenever it is woken."""

    help = (
        "Apply the events of Stripe's that are in the inbox, and read customers that are due. "
        "The command `work` does this by itself."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do steps until none is left. Fails when a worker is doing this already."""
        with self.meter(label="Applying", unit="steps") as meter:
            try:
                while run_duty(DUTIES[0]):
                    meter.advance()
            except DutyHeld as error:
                raise CommandError(f"Not now: {error}.") from error
        counts = count_events()
        counts_text = ", ".join(f"{counts.get(state, 0)} {state.value}" for state in EventState)
        self.stdout.write(f"Inbox: {counts_text}.")
