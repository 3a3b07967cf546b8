"""`manage.py work`: the background worker."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.work.duties import installed_duties
from kv.work.shutdown import Shutdown
from kv.work.worker import Worker


class Command(StoreCommand):
    """Runs the duties of every installed app, each when it is due, until SIGTERM or SIGINT."""

    help = "Run the background work of every installed app, each piece when it is due, until Ctrl-C or SIGTERM."
    # The worker goes on when the store is unavailable, and works again when it is back.
    needs_store = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--once, --list."""
        parser.add_argument("--once", action="store_true", help="Run what is due now to its end, one after another.")
        parser.add_argument("--list", action="store_true", help="Say which duties there are, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the worker, one round of it, or list the duties."""
        duties = installed_duties()
        if options["list"]:
            for duty in duties:
                woken = ", or at once when woken" if duty.wakes else ""
                self.stdout.write(f"{duty.name}: every {duty.every:g} s{woken}; lease {duty.lease:g} s")
            return
        worker = Worker(duties)
        if options["once"]:
            if failed := worker.run_once():
                raise CommandError(f"{failed} of {len(duties)} duties failed; the log says why.")
            return
        with Shutdown() as shutdown:
            worker.run(shutdown)
