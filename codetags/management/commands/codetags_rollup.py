"""`manage.py codetags_rollup`: copy daily counts to SQL, or restore them from SQL."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from codetags.duties import ROLL_UP
from codetags.services import rollup
from codetags.types import Rollup
from kv.management.base import StoreCommand
from kv.work.duties import DutyHeld, run_duty
from kv.work.shutdown import Shutdown


class Command(StoreCommand):
    """Copies daily counts to SQL, or restores them to the store after a loss."""

    help = (
        "Copy the daily counts of every code to SQL; running it twice changes nothing. --restore writes back to "
        "the store what it has lost, and never lowers a live count."
    )
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--restore."""
        parser.add_argument("--restore", action="store_true", help="Copy from SQL to the store, after a loss.")

    def handle(self, *args: Any, **options: Any) -> None:
        """One way or the other."""
        if options["restore"]:
            with self.meter(label="Restoring", unit="codes") as meter:
                restored = rollup.restore_days(dry_run=self.dry_run, advance=meter.advance)
            verb = "would be restored" if self.dry_run else "restored"
            self.stdout.write(f"{restored.codes} codes checked, {restored.hits} hits {verb}.")
            return
        done = rollup.roll_up_days(everything=True, dry_run=True) if self.dry_run else self._roll_up()
        verb = "would be written" if self.dry_run else "written"
        self.stdout.write(f"{done.codes} codes checked, {done.rows} rows {verb}.")
        if not done.is_complete:
            self.stdout.write("Stopped before its end. The worker does the rest, or this command, run again.")

    def _roll_up(self) -> Rollup:
        done: list[Rollup] = []
        with self.meter(label="Copying", unit="codes") as meter, Shutdown() as shutdown:

            def run() -> bool:
                done.append(rollup.roll_up_days(everything=True, advance=meter.advance, stop=lambda: shutdown.asked))
                return not done[-1].is_complete  # then the worker goes on at once

            duty = replace(ROLL_UP, run=run)
            while not done and not shutdown.asked:
                try:
                    run_duty(duty)
                except DutyHeld as held:  # the worker does it at the moment
                    shutdown.wait(min(held.seconds + 0.05, 1.0))
        return done[0] if done else Rollup(0, 0, is_complete=False)
