"""The Procfile under honcho, for real: the site answers, the worker is alive, and one signal ends all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from kv.store.caches import durable_cache
from tests.deploy.tools import tool
from tests.faults.servers import is_running, wait_until
from tests.faults.site import own_site
from tests.house.tree import ROOT


def test_the_procfile_runs() -> None:
    with own_site(started=False) as site:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        process = subprocess.Popen(
            [tool("honcho"), "start", "-f", "Procfile", "-p", str(site.port)], cwd=ROOT,
            env={**site.environment, "PATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        site.main = process  # type: ignore[assignment] # a process of another kind
        try:
            wait_until(lambda: _ready(site.port), 90)
            family = site.family()
            assert sum("config.web_worker" in command for command in family.values()) == 2
            assert sum("manage.py work" in command or "django work" in command for command in family.values()) >= 1
            wait_until(lambda: _workers(site.directory) == 1, 30)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            site.main = None
        wait_until(lambda: not any(is_running(pid) for pid in family), 30)


def _ready(port: int) -> bool:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _workers(directory: Path) -> int:
    from django.conf import settings
    from django.test import override_settings

    from kv.store.connection import forget_connections
    from kv.work.states import read_workers

    entry = durable_cache("embedded", directory=directory, timeout_ms=5000)
    try:
        with override_settings(CACHES={**settings.CACHES, "kv": entry}):
            return read_workers().alive
    finally:
        forget_connections()
