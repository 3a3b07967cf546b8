"""A backup that is told to stop leaves no file, and one that ends half-way leaves the old one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kv.store.connection import connection
from tests.faults.servers import proxied, wait_until
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=str)
def test_stopped_in_the_middle_it_leaves_the_old_file_alone(number: signal.Signals, tmp_path: Path) -> None:
    file = tmp_path / "counts.backup"
    file.write_text("the old one")
    with proxied(timeout_ms=5000) as proxy:
        with connection().pipeline(transaction=False) as pipeline:
            for each in range(4000):
                pipeline.set(f"user:{{{each}}}:x", each)
            pipeline.execute()
        proxy.delay = 0.05
        environment = {
            **os.environ, "REDIS_URL": proxy.url, "KV_TIMEOUT_MS": "5000", "DATA_DIR": os.fspath(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        command = [sys.executable, "manage.py", "kv_backup", os.fspath(file), "--yes"]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as running:
            try:
                wait_until(lambda: bool(list(tmp_path.glob(".*.part"))))
                running.send_signal(number)
                _, said = running.communicate(timeout=120)
            finally:
                running.kill()
    assert running.returncode == 130
    assert b"Stopped before its end" in said
    assert b"Traceback" not in said
    assert file.read_text() == "the old one"
    assert {path.name for path in tmp_path.iterdir()} <= {"counts.backup", "data"}
