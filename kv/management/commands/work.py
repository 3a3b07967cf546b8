"""`manage.py work`: the background worker."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError

from kv.errors import StoreUnavailable
from kv.management.base import StoreCommand
from kv.work.duties import Duty, installed_duties
from kv.work.shutdown import Shutdown
from kv.work.states import DutyState, read_duties
from kv.work.worker import Worker


class Command(StoreCommand):
    """Runs the duties of every installed app, each when it is due, until SIGTERM or SIGINT."""

    help = "Run the background work of every installed app, each piece when it is due, until Ctrl-C or SIGTERM."
    # The worker goes on when the store is unavailable, and works again when it is back.
    needs_store = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--once, --list."""
        parser.add_argument("--once", action="store_true", help="Run what is due now to its end, one after another.")
        parser.add_argument(
            "--list",
            action="store_true",
            help="Say which duties there are, and when each ran and runs again; then end.",
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        """The worker itself is told of a signal from the first moment; one round and the list are interrupted."""
        self.interruptible = bool(options.get("once") or options.get("list"))
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker, one round of it, or list the duties."""
        duties = installed_duties()
        if options["list"]:
            self._list(duties)
            return
        worker = Worker(duties)
        if options["once"]:
            if failed := worker.run_once():
                raise CommandError(f"{failed} of {len(duties)} duties failed; the log says why.")
            return
        with Shutdown() as shutdown:
            worker.run(shutdown)

    def _list(self, duties: Sequence[Duty]) -> None:
        try:
            states = {state.duty.name: _times(state) for state in read_duties(duties)}
        except StoreUnavailable:
            states = {}
            self.stderr.write("The store can't be reached, so the last and next runs are not known.")
        for duty in duties:
            woken = ", or at once when woken" if duty.wakes else ""
            times = states.get(duty.name, "")
            self.stdout.write(f"{duty.name}: every {duty.every:g} s{woken}; lease {duty.lease:g} s{times}")


def _times(state: DutyState) -> str:
    last = state.last.isoformat(timespec="seconds") if state.last else "never"
    following = state.next.isoformat(timespec="seconds") if state.next else "at once"
    running = f"; runs now, its lease lasts {state.lease:.0f} s" if state.lease else ""
    failed = f"; failures in a row: {state.failures}" if state.failures else ""
    return f"; last run {last}; next {following}{running}{failed}"
