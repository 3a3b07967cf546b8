"""Workers that begin at the same time: threads with a database connection each, and separate processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import connection

from kv.store.connection import connection as store_connection
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
WORKERS = 8
PROCESSES = 4


def at_once(work: Callable[[int], T], workers: int = WORKERS) -> list[T]:
    """The answers of all workers, which begin at the same time. Each gets its number.

    They are connected before they begin, so that they meet at the work and not on the way to it; and PostgreSQL says
    that they are as many as they seem.
    """
    start = Barrier(workers)

    def worker(number: int) -> tuple[int, T]:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (backend,) = cursor.fetchone()
            start.wait(10)
            return backend, work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as threads:
        shares = [share.result(60) for share in [threads.submit(worker, number) for number in range(workers)]]
    assert len({backend for backend, _ in shares}) == workers
    return [answer for _, answer in shares]


def processes_at_once(task: str, data: Path, count: int = PROCESSES, **more: str) -> list[Any]:
    """The answers of `python -m tests.concurrency.task` in so many processes, which begin at the same time.

    data: a directory for what each keeps. They share the database and the store of the test.
    """
    # The site's settings, not those of tests. DEBUG, because static files are not collected.
    own = {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "true", "DATA_DIR": str(data)}
    env = {**os.environ, **own, "DATABASE_URL": _database_url(), "REDIS_URL": _store_url(), **more}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.concurrency.task", task], cwd=ROOT, env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(count)
    ]  # fmt: skip
    try:
        for one in processes:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in processes:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        answers = [one.communicate(timeout=60)[0] for one in processes]
    finally:
        for one in processes:
            one.kill()
            one.wait()
    assert [one.returncode for one in processes] == [0] * count
    return [json.loads(answer) for answer in answers]


def _database_url() -> str:
    database = connection.settings_dict
    return f"postgres://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def _store_url() -> str:
    """The address of the test's store, for a process that starts none of its own."""
    client: Any = store_connection()
    options = client.connection_pool.connection_kwargs
    if "path" in options:
        return f"unix://{options['path']}?db={options.get('db', 0)}"
    location: str = settings.CACHES["kv"]["LOCATION"]
    return location
