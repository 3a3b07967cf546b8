"""What containers need of the site: halves of `serve`, migrations one after another, static files of an image."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.db import connection

from config import static_files
from config.migrations_lock import migrating_alone
from config.static_files import collect_static


class TestServe:
    @pytest.mark.parametrize(("options", "has_worker"), [((), True), (("--web-only",), False)])
    def test_with_and_without_the_worker(self, options: tuple[str, ...], has_worker: bool, settings: Any) -> None:
        with (
            patch("config.management.commands.serve.check_port"),
            patch("config.management.commands.serve.os.chdir"),
            patch("config.management.commands.serve.configured_server", return_value=None),
            patch("config.management.commands.serve.Command._prepare"),
            patch("config.management.commands.serve.supervise") as supervise,
        ):
            call_command("serve", *options)
        webs, beside = supervise.call_args.args
        assert len(webs) == settings.WORKERS
        assert (beside is not None) is has_worker


class TestStaticFiles:
    @pytest.fixture(autouse=True)
    def _root(self, settings: Any, tmp_path: Path) -> None:
        settings.STATIC_ROOT = tmp_path

    def test_are_collected_once(self) -> None:
        assert collect_static() is True
        assert collect_static() is False

    def test_of_an_image_are_used_as_they_are(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A layer of an image gives files other times, and nobody may write there."""
        collect_static()
        monkeypatch.setattr(static_files, "_fingerprint", lambda: "another")
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        assert collect_static() is False

    def test_of_an_image_that_has_none_are_not_taken_for_collected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "access", lambda path, mode: False)
        assert collect_static() is True

    def test_that_can_be_written_are_collected_anew(self, monkeypatch: pytest.MonkeyPatch) -> None:
        collect_static()
        monkeypatch.setattr(static_files, "_fingerprint", lambda: "another")
        assert collect_static() is True


@pytest.mark.django_db(transaction=True)
def test_migrations_wait_for_one_another() -> None:
    """On PostgreSQL. SQLite has one writer at a time: there the block is just entered."""
    order: list[str] = []
    entered, go_on = threading.Event(), threading.Event()

    def first() -> None:
        with migrating_alone():
            entered.set()
            go_on.wait(60)
            order.append("first")
        connection.close()

    def second() -> None:
        with migrating_alone():
            order.append("second")
        connection.close()

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert entered.wait(60)
    threads[1].start()
    if connection.vendor != "postgresql":
        threads[1].join(60)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert order == (["first", "second"] if connection.vendor == "postgresql" else ["second", "first"])


@pytest.mark.django_db(transaction=True)
def test_the_lock_is_given_back_when_a_migration_fails() -> None:
    for _ in range(2):
        with pytest.raises(LookupError), migrating_alone():
            raise LookupError
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
            assert cursor.fetchone() == (0,)
