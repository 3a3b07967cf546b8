"""`manage.py codetags_deliver`: post the hits in the outbox."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import CommandError

from codetags.conf import app_settings
from codetags.duties import DELIVER
from codetags.services import outbox
from codetags.types import Delivery
from kv.management.base import StoreCommand
from kv.work.duties import DutyHeld, run_duty
from kv.work.shutdown import Shutdown


class Command(StoreCommand):
    """Posts hits until none waits, or the receiver fails."""

    help = (
        "Post the counted hits that wait for QR_ANALYTICS_EXTERNAL_URL, until none is left or the receiver fails. "
        "The worker (`work`) does the same by itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--parked."""
        parser.add_argument("--parked", action="store_true", help="First move the parked hits back to the outbox.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Deliver under the duty's lease, step by step; exit 1 when the receiver fails."""
        if not app_settings.QR_ANALYTICS_EXTERNAL_URL:
            raise CommandError("QR_ANALYTICS_EXTERNAL_URL is not set: hits are not posted anywhere.")
        if options["parked"]:
            self.stdout.write(f"{outbox.unpark_events()} parked hits wait again.")
        before = outbox.outbox_state()
        sent = parked = 0
        problem = ""
        with self.meter(before.waiting, "Posting", "hits") as meter, Shutdown() as shutdown:
            while not shutdown.asked:
                step = self._step(shutdown)
                if step is None:
                    continue
                sent, parked, problem = sent + step.sent, parked + step.parked, step.problem
                meter.advance(step.sent)
                if problem or not (step.more or step.refused):
                    break
        after = outbox.outbox_state()
        self.stdout.write(
            f"{sent} posted, {parked} parked now; {after.waiting} wait, {after.parked} are parked, "
            f"{after.dropped} were dropped since the beginning."
        )
        if problem:
            raise CommandError(f"The receiver failed: {problem}")

    def _step(self, shutdown: Shutdown) -> Delivery | None:
        """One step; None when another process delivers: then it has waited for a moment."""
        steps: list[Delivery] = []
        duty = replace(DELIVER, run=lambda: steps.append(outbox.deliver_events(even_if_paused=True)))
        try:
            run_duty(duty)
        except DutyHeld as held:
            shutdown.wait(min(held.seconds + 0.05, 1.0))
            return None
        return steps[0]
