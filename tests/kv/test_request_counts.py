"""Requests are counted over all processes of a machine, and no count goes down."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
import threading
from pathlib import Path
from unittest.mock import patch

import pytest

from kv.monitoring import counts
from kv.monitoring.counts import BUCKETS, OTHER, ROWS, RequestCounts

VISIT = ("POST", "stats_api:visit", 200)

PROCESS = """
import os, sys
from pathlib import Path
from kv.monitoring.counts import RequestCounts
counts = RequestCounts(Path(sys.argv[1]))
for _ in range(10):
    counts.record("POST", "stats_api:visit", 200, 0.003)
print("counted", flush=True)
sys.stdin.read()
os._exit(0)
"""


def start(directory: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(directory)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "counted\n"
    return process


def total(directory: Path) -> int:
    return RequestCounts(directory).read()[VISIT].count


def test_buckets_and_sum() -> None:
    counted = RequestCounts(None)
    for seconds in (0.0, 0.001, 0.0011, 0.2, 10.0, 10.5, 3600.0, -1.0):
        counted.record("GET", "home", 200, seconds)
    found = counted.read()[("GET", "home", 200)]
    assert found.count == 8
    assert found.counts[0] == 3
    assert found.counts[1] == found.counts[BUCKETS.index(0.25)] == found.counts[BUCKETS.index(10.0)] == 1
    assert found.counts[-1] == 2
    assert found.microseconds == pytest.approx(3620.7021e6)


def test_processes_are_added_up_and_the_dead_stay_counted(tmp_path: Path) -> None:
    started = [start(tmp_path), start(tmp_path)]
    try:
        assert total(tmp_path) == 20
        started[0].kill()
        started[0].wait(20)
        assert total(tmp_path) == 20
        started.append(start(tmp_path))
        assert total(tmp_path) == 30
    finally:
        for process in started:
            process.kill()
            process.communicate(timeout=20)
    assert total(tmp_path) == 30
    # Files are taken over, so there are no more of them than there were processes at once, and this test's own.
    assert len(list(tmp_path.iterdir())) <= 3


def test_files_are_private(tmp_path: Path) -> None:
    RequestCounts(tmp_path / "metrics").record(*VISIT, 0.1)
    assert stat.S_IMODE((tmp_path / "metrics").stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "metrics").iterdir()] == [0o600]


def test_threads_lose_nothing(tmp_path: Path) -> None:
    counted = RequestCounts(tmp_path)
    routes = [f"route-{number}" for number in range(5)]

    def count() -> None:
        for number in range(2000):
            counted.record("GET", routes[number % 5], 200, random.random())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key: found.count for key, found in counted.read().items()} == {
        ("GET", route, 200): 1600 for route in routes
    }


def test_names_are_bounded(tmp_path: Path) -> None:
    counted = RequestCounts(tmp_path)
    for number in range(3 * ROWS):
        counted.record(f"M{number}", f"route-{number}", 200 + number % 7, 0.01)
    counted.record("GET", "x" * 500, 200, 0.01)
    found = counted.read()
    assert len(found) <= ROWS
    assert sum(row.count for row in found.values()) == 3 * ROWS + 1
    assert {method for method, _, _ in found} == {"OTHER", "GET"}
    assert ("GET", OTHER, 200) in found
    assert RequestCounts(tmp_path).read().keys() == found.keys()


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\0" * 100, b"something else" * 5000, counts._MAGIC, counts._MAGIC * 3]
)
def test_a_file_of_another_kind_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "requests-0").write_bytes(content)
    (tmp_path / "requests-17").write_bytes(content)
    counted = RequestCounts(tmp_path)
    counted.record(*VISIT, 0.1)
    assert {key: row.count for key, row in counted.read().items()} == {VISIT: 1}


@pytest.mark.parametrize("failing", ["kv.monitoring.counts.os.open", "kv.monitoring.counts.os.pwrite"])
def test_a_full_disk_stops_no_request(tmp_path: Path, failing: str) -> None:
    with patch(failing, side_effect=OSError(28, "No space left on device")):
        counted = RequestCounts(tmp_path)
    counted.record(*VISIT, 0.1)
    assert counted.read()[VISIT].count == 1


def test_a_forked_process_counts_in_a_file_of_its_own(tmp_path: Path, settings: object) -> None:
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined] # a settings object has what it is given
    counts.forget_counts()
    try:
        mine = counts.request_counts()
        mine.record(*VISIT, 0.1)
        assert counts.request_counts() is mine
        if not (child := os.fork()):
            counts.request_counts().record(*VISIT, 0.1)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert mine.read()[VISIT].count == 2
        assert len(list((tmp_path / "metrics").iterdir())) == 2
    finally:
        counts.forget_counts()
