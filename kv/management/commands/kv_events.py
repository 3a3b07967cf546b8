"""`manage.py kv_events`: posts the events that are due."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.events.duties import DELIVER, SENDER
from kv.events.upkeep import count_events, replay_parked
from kv.management.base import StoreCommand
from kv.models import EventReceiver, EventState
from kv.work.duties import DutyHeld, run_duty
from kv.work.shutdown import Shutdown


class Command(StoreCommand):
    """Posts to all receivers until nothing is due."""

    help = (
        "Post the events that are due to their receivers, until nothing is due any more, and say how many wait and are "
        "parked. The worker (`work`) does the same by itself."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--parked, --receiver, --status."""
        parser.add_argument("--parked", action="store_true", help="first put the parked events into the queue again")
        parser.add_argument("--receiver", help="with --parked: those of the receiver with this name alone")
        parser.add_argument("--status", action="store_true", help="post nothing, only say how many there are")

    def handle(self, *args: Any, parked: bool, receiver: str | None, status: bool, **options: Any) -> None:
        """Deliver under the duty's lease, step by step; exit 1 when a receiver fails."""
        if receiver is not None and not parked:
            raise CommandError("--receiver goes with --parked.")
        if not status:
            if parked:
                self.stdout.write(f"{self._replay(receiver)} parked events wait again.")
            self._deliver()
        counts = count_events()
        self.stdout.write(f"{', '.join(f'{counts.get(one, 0)} {one}' for one in _SHOWN)}.")
        if not status and SENDER.problems:
            failed = EventReceiver.objects.filter(pk__in=SENDER.problems).order_by("name")
            raise CommandError("; ".join(f"{one.name}: {SENDER.problems[one.pk]}" for one in failed))

    def _replay(self, receiver: str | None) -> int:
        if receiver is None:
            return replay_parked()
        keys = list(EventReceiver.objects.filter(name=receiver).values_list("pk", flat=True))
        if not keys:
            raise CommandError(f"There is no receiver named {receiver}.")
        return sum(map(replay_parked, keys))

    def _deliver(self) -> None:
        before = SENDER.sent
        SENDER.problems.clear()
        waiting = count_events().get(EventState.WAITING.value, 0)
        with self.meter(waiting, "Posting", "events") as meter, Shutdown() as shutdown:
            while not shutdown.asked:
                sent = SENDER.sent
                try:
                    if not run_duty(DELIVER):
                        break
                except DutyHeld as held:
                    shutdown.wait(min(held.seconds + 0.05, 1.0))
                meter.advance(SENDER.sent - sent)
        self.stdout.write(f"{SENDER.sent - before} posted; ", ending="")


_SHOWN = (EventState.WAITING.value, EventState.PARKED.value)
