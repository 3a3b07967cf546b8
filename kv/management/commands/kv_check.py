"""`manage.py kv_check`: is the store set up so that what it acknowledges lasts?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.store.health import Finding, inspect_store
from kv.work.duties import installed_duties
from kv.work.idle import find_idle


class Command(StoreCommand):
    """Says what it finds; exit status 1 when something is wrong."""

    help = (
        "Check that the store persists and evicts nothing, that every script loads, that the clocks agree and that a "
        "worker runs."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line a finding."""
        wrong = False
        styles = {"ok": self.style.SUCCESS, "warning": self.style.WARNING, "error": self.style.ERROR}
        for finding in (*inspect_store(), *_worker()):
            wrong = wrong or finding.level == "error"
            self.stdout.write(f"{styles[finding.level](f'{finding.level:7}')} {finding.text}")
        if wrong:
            raise CommandError("What this store acknowledges may not last.")


def _worker() -> Iterator[Finding]:
    """A warning where work waits; nothing in a project without duties."""
    duties = installed_duties()
    idle = find_idle(duties)
    if idle is not None:
        yield Finding("warning", str(idle))
    elif duties:
        yield Finding("ok", "no work waits for a worker")
