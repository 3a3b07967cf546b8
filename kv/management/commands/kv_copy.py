"""`manage.py kv_copy --from URL`: every key of another store into this one."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django_redis.pool import get_connection_factory

from kv.backup.copy import Copier, Differences
from kv.backup.restore import StoreNotEmpty
from kv.conf import app_settings
from kv.management.base import StoreCommand
from kv.store.address import StoreAddress
from kv.store.caches import ALIAS, EMBEDDED, durable_cache
from kv.store.factories import embedded_server
from kv.store.nodes import Nodes, open_nodes
from kv.store.sharing import share_a_database

_START_SECONDS = 30.0


class Command(StoreCommand):
    """Copies what is not the same here yet, then holds both against each other; exit status 1 when they differ."""

    help = (
        "Copy every key of every installed app from another Redis or Valkey, by value, with its expiry. The source is "
        "only read, and may go on. Run it again after an interruption, or to catch up: what is here already is left. "
        "It ends by comparing both stores; exit status 1 when they differ."
    )
    destroys = True
    writes_bulk = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--from, --from-prefix, --from-directory, --replace."""
        parser.add_argument(
            "--from", dest="source", required=True, metavar="URL", help="The source, as REDIS_URL names a store."
        )
        parser.add_argument("--from-prefix", metavar="TEXT", help="KV_PREFIX of the source, when it is not today's.")
        parser.add_argument(
            "--from-directory",
            metavar="DIR",
            help="DATA_DIR of the source, for --from embedded. The site's own if left out.",
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help="Go on when this store holds keys: afterwards it holds the source's only.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, copy, compare, and say what differs."""
        prefix = app_settings.KV_PREFIX if options["from_prefix"] is None else options["from_prefix"]
        with self._source(options) as (name, source), open_nodes() as target:
            if share_a_database(source, target):
                raise CommandError("--from names the store itself: there is nothing to copy.")
            copier = Copier(source, target, prefix=prefix, name=name)
            there, here = copier.count()
            self.stdout.write(f"The source holds {there} keys of this project, this store {here}.")
            if not self.dry_run:
                self._copy(copier, there, here, replace=options["replace"])
            result = copier.compare(self._follow)
            if not self.dry_run and not result.count:
                copier.finish()
        self._report(result)

    def _copy(self, copier: Copier, there: int, here: int, *, replace: bool) -> None:
        if here and not copier.is_unfinished():
            if not replace:
                raise CommandError(
                    f"This store holds {here} keys of this project already: say --replace to replace them."
                )
            self.confirm(f"Replace the {here} keys in this store by the {there} of the source?")
        try:
            done = copier.copy(replace=here > 0, follow=self._follow)
        except StoreNotEmpty as error:
            raise CommandError(f"Nothing was copied: {error}.") from error
        self.stdout.write(
            f"{done.written} keys copied, {done.same} were the same already, "
            f"{done.removed} that the source has not removed"
        )
        if done.dropped:
            self.stdout.write(f"{done.dropped} fields no longer expire: this server has no expiry of single fields")

    def _report(self, result: Differences) -> None:
        if not result.count:
            self.stdout.write(f"{result.compared} keys compared by type, value and expiry: all are the same.")
            return
        self.stdout.write(
            f"{result.compared} keys compared: {result.count} differ ({result.missing} missing here, "
            f"{result.extra} only here, {result.type} of another type, {result.value} of another value, "
            f"{result.expiry} of another expiry)"
        )
        for name in result.examples:
            self.stdout.write(f"  {name}")
        raise CommandError(
            "The stores differ. If the source was written meanwhile, run it again; stop the site for the last time."
        )

    def _follow(self, label: str, total: int) -> Any:
        return self.meter(total, label, "keys")

    @contextmanager
    def _source(self, options: dict[str, Any]) -> Iterator[tuple[str, Nodes]]:
        directory = options["from_directory"] or app_settings.DATA_DIR or None
        try:
            entry = durable_cache(options["source"], directory=directory, timeout_ms=app_settings.KV_TIMEOUT_MS)
        except ValueError as error:
            raise CommandError(f"--from: {error}") from None
        location = str(entry["LOCATION"])
        server = embedded_server(location) if location.startswith(f"{EMBEDDED}:") else None
        if server is not None:
            if not server.directory.is_dir():
                raise CommandError(f"--from: {server.directory} is no data of an embedded store.")
            server.ensure(_START_SECONDS)
        client = get_connection_factory(options=entry["OPTIONS"]).connect(location)
        try:
            with open_nodes(client) as nodes:
                yield str(sorted(map(str, StoreAddress.parse(location).places()))), nodes
        finally:
            if server is not None and not _is_ours(location):
                server.leave()


def _is_ours(location: str) -> bool:
    return bool(settings.CACHES[ALIAS]["LOCATION"] == location)
