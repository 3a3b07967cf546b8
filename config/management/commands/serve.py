"""`manage.py serve`: runs the site; `make run` calls it."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.management import call_command
from django.core.management.base import CommandError, SystemCheckError
from django.db import InterfaceError, OperationalError
from django.db.migrations.exceptions import MigrationSchemaMissing

from config.forked_workers import import_workers
from config.migrations_lock import migrating_alone
from config.static_files import collect_static
from config.supervisor import NeverCameUp, PortTaken, background_worker, check_port, supervise, web_workers
from kv.errors import StoreUnavailable
from kv.management.base import StoreCommand
from kv.store.factories import configured_server
from kv.store.sharing import caches_in_store


class Command(StoreCommand):
    """Sets up what is missing, then serves until Ctrl-C, which ends every process that it started."""

    help = "Start the store, migrate, collect static files, and serve the site with the background worker beside it."

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Django's checks, with the first error in one line: most are a variable with a wrong value."""
        try:
            super().check(*args, **kwargs)
        except SystemCheckError as error:
            serious = next(found for found in checks.run_checks() if found.is_serious() and not found.is_silenced())
            raise CommandError(" ".join(filter(None, (serious.msg, serious.hint)))) from error

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--web-only."""
        parser.add_argument(
            "--web-only", action="store_true", help="Leave out the background worker: `work` runs it elsewhere."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, serve, and end every process."""
        try:
            check_port(settings.HOST, settings.PORT)
        except PortTaken as error:
            raise CommandError(
                f"Can't listen on {settings.HOST}:{settings.PORT} ({error}): set HOST or PORT."
            ) from error
        except OSError as error:
            raise CommandError(f"HOST: {settings.HOST} is no address of this machine ({error.strerror}).") from error
        os.environ["DJANGO_SETTINGS_MODULE"] = settings.SETTINGS_MODULE or "config.settings"
        os.chdir(settings.BASE_DIR)  # so that `python -m` finds the project
        try:
            self._prepare()
            forked = import_workers(settings.HOST, settings.PORT)
            supervise(
                web_workers(host=settings.HOST, port=settings.PORT, count=settings.WORKERS, main=forked.web),
                None if options["web_only"] else background_worker(forked.work),
                address=(settings.HOST, settings.PORT),
                ready=self._welcome,
            )
        except NeverCameUp as error:
            raise CommandError(f"{error}. What it wrote above says why.") from error
        finally:
            if (server := configured_server()) is not None:
                server.leave()  # the last process that uses the store stops it
        self.stdout.write("Stopped. Everything counted is kept.")

    def _prepare(self) -> None:
        try:
            with migrating_alone():
                call_command("migrate", interactive=False, verbosity=0)
        except (
            OperationalError,
            InterfaceError,
            MigrationSchemaMissing,
        ) as error:  # the last one: no space for a table
            reason = str(error).partition("\n")[0]
            raise CommandError(f"DATABASE_URL: the database can't be used: {reason}") from error
        try:
            collected = collect_static()
        except OSError as error:
            reason = error.strerror or str(error)
            raise CommandError(f"DATA_DIR: {settings.STATIC_ROOT} can't be written: {reason}") from error
        if collected:
            self.stdout.write("Static files collected")
        self._check_caches()

    def _check_caches(self) -> None:
        """Raises CommandError when a cache uses the database of the counts, however the two URLs are spelled."""
        with suppress(StoreUnavailable):  # kv_check finds it later
            if sharing := caches_in_store():
                raise CommandError(
                    f"CACHE_URL: the cache {sharing[0]} uses the database of the counts, "
                    "which clearing the cache would erase: give it a database of its own."
                )

    def _welcome(self) -> None:
        site = settings.SITE_URL.rstrip("/")
        has_admin = get_user_model().objects.filter(is_superuser=True).exists()
        # What starts the site waits for the first line.
        self.stdout.write(
            f"Serving {settings.SITE_URL} on {settings.HOST}:{settings.PORT} (Ctrl-C stops it)\n"
            f"  site         {site}/\n"
            f"  admin        {site}/admin/\n"
            + (
                ""
                if has_admin
                else "               There is no administrator yet: `make admin` makes one and prints the password.\n"
            )
            + f"  API          {site}/api/docs\n"
            "  sample data  `DATA_DIR=/tmp/sample PORT=8001 make demo run` in a second terminal\n"
            "  documents    README.md, docs/quickstart.md"
        )
        self.stdout.flush()
