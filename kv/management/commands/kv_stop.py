"""`manage.py kv_stop`: stop the embedded server by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.store.factories import configured_server


class Command(StoreCommand):
    """Asks first: a process that still uses the server starts it again at once."""

    help = "Stop the embedded Valkey. Nothing is lost; the next process that needs it starts it again."
    needs_store = False
    destroys = True

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop it, and say so."""
        server = configured_server()
        if server is None:
            raise CommandError("REDIS_URL names a server that is not ours to stop.")
        if not server.is_alive():
            self.stdout.write("The embedded Valkey is not running.")
            return
        self.confirm("Stop the embedded Valkey? A site that is running will start it again.")
        stopped = server.stop()
        self.stdout.write("The embedded Valkey has stopped." if stopped else "The embedded Valkey is not running.")
