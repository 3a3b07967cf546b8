"""`manage.py serve` as a real process tree: it serves, keeps what was counted, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from kv.embedded import EmbeddedServer
from tests.faults.servers import Breakable, is_running, wait_until
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
pytestmark = pytest.mark.slow


class Site:
    """A data directory, a port, and at most one `serve` at a time."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.directory = directory
        self.store = Breakable(EmbeddedServer(directory / "valkey"))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")},
            "DATA_DIR": os.fspath(directory), "HOST": "127.0.0.1", "PORT": str(self.port), "WORKERS": "2",
            "SITE_URL": f"http://127.0.0.1:{self.port}", "RATE_LIMITS": "off", "NUM_PROXIES": "1",
            "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default",
        }  # fmt: skip
        self.main: subprocess.Popen[str] | None = None
        self.said: list[str] = []

    def start(self) -> float:
        """Serve; the seconds until it says that it does."""
        started = time.monotonic()
        self.said = []
        # A file: nobody reads a pipe while the site runs, and a full one would stop it.
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by ended)
        self.main = self.manage("serve", errors=self.errors)
        assert self.main.stdout is not None
        for line in self.main.stdout:
            self.said.append(line)
            if line.startswith("Serving"):
                return time.monotonic() - started
        raise AssertionError(f"it ended: {''.join(self.said)}{self.ended()}")

    def ended(self) -> str:
        """Wait for its end, hear out what it said; what it wrote to its standard error."""
        assert self.main is not None
        assert self.main.stdout is not None
        with self.main.stdout, self.errors:
            self.main.wait(30)
            self.said += self.main.stdout.read().splitlines()
            self.errors.seek(0)
            return self.errors.read()

    def manage(self, *words: str, errors: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
        )  # fmt: skip

    def family(self) -> dict[int, str]:
        """Every process below the main one, and how it was called."""
        assert self.main is not None
        return dict(_descendants(self.main.pid))

    def stop(self, with_signal: int = signal.SIGINT, times: int = 1) -> str:
        """Signal it like a terminal, wait for it; what it wrote to its standard error."""
        assert self.main is not None
        for _ in range(times):
            os.killpg(self.main.pid, with_signal)
        return self.ended()

    def ask(self, path: str, data: Any = None, address: str = "10.0.0.1") -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if data is None else json.dumps(data).encode(),
            headers={"User-Agent": BROWSER, "X-Forwarded-For": address, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.loads(response.read() or "null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or "null")

    def visit(self, number: int) -> bool:
        """Visit from an address of one's own; whether that was acknowledged."""
        try:
            status, body = self.ask("/api/stats/visit", {}, f"10.1.{number // 250}.{number % 250 + 1}")
        except (OSError, ValueError):
            return False
        assert status in (200, 503), body
        return status == 200

    def visitors(self) -> int:
        """The count, by a call that never adds to it: an address that has been here."""
        wait_until(lambda: self.visit(0))
        status, body = self.ask("/api/stats/visit", {}, "10.1.0.1")
        assert status == 200, body
        return int(body["visitors"])


def _descendants(pid: int) -> Iterator[tuple[int, str]]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for word in task.read_text().split():
            child = int(word)
            yield child, Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            yield from _descendants(child)


@pytest.fixture
def site() -> Iterator[Site]:
    directory = Path(tempfile.mkdtemp(prefix="ch-"))
    site = Site(directory)
    yield site
    if site.main is not None and site.main.poll() is None:
        site.stop(signal.SIGTERM)
    if site.store.server.is_alive():
        site.store.server.stop()
    shutil.rmtree(directory)


def test_serves_stops_and_serves_the_same_counts_again(site: Site) -> None:
    site.directory.chmod(0o755)  # as somebody made it by hand
    site.start()
    for number in range(20):
        wait_until(lambda number=number: site.visit(number))  # type: ignore[misc]
    assert site.visitors() == 20
    family, server = site.family(), site.store.pid
    assert len([pid for pid, command in family.items() if "config.web_worker" in command]) == 2
    assert len([pid for pid, command in family.items() if "django work" in command]) == 1
    kept = [path for path in site.directory.rglob("*") if "static" not in path.parts and not path.is_dir()]
    assert [path for path in [site.directory, *kept] if path.stat().st_mode & 0o077] == []
    site.stop()
    assert site.main is not None
    assert site.main.returncode == 0
    assert site.said[-1] == "Stopped. Everything counted is kept."
    assert any("There is no administrator yet" in line for line in site.said)
    wait_until(lambda: not any(is_running(pid) for pid in [*family, server]))
    seconds = site.start()
    assert "Static files collected" not in "".join(site.said)
    # The promise is for a machine that is not busy with something else.
    assert seconds < 5 or os.getloadavg()[0] > (os.cpu_count() or 1)
    assert site.visitors() == 20
    errors = site.stop(signal.SIGTERM)
    assert site.main.returncode == 0
    assert "Traceback" not in errors


def test_a_second_and_third_ctrl_c_are_harmless(site: Site) -> None:
    site.start()
    family = site.family()
    errors = site.stop(times=3)
    assert site.main is not None
    assert site.main.returncode == 0
    assert "Traceback" not in errors
    wait_until(lambda: not any(is_running(pid) for pid in family))
    assert not site.store.server.is_alive()


def test_a_terminal_that_closes_ends_it_too(site: Site) -> None:
    site.start()
    family = site.family()
    site.stop(signal.SIGHUP)
    wait_until(lambda: not any(is_running(pid) for pid in family))
    assert not site.store.server.is_alive()


def test_a_port_in_use_is_one_clear_line(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        out, errors = site.manage("serve").communicate(timeout=30)
    assert errors.strip().splitlines()[-1].startswith(f"CommandError: Can't listen on 127.0.0.1:{site.port}")
    assert "Traceback" not in out + errors


def test_killing_web_workers_loses_nothing(site: Site) -> None:
    site.start()
    acknowledged: list[int] = []

    def visit_some(first: int) -> None:
        for number in range(first, first + 60):
            # One that was cut off may or may not be counted: the browser asks again, and so do we.
            wait_until(lambda number=number: site.visit(number), 20)  # type: ignore[misc]
            acknowledged.append(number)

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(visit_some, first * 60) for first in range(8)]
        for done in (60, 160, 260):
            wait_until(lambda done=done: len(acknowledged) >= done, 30)  # type: ignore[misc]
            os.kill(web_workers(site)[0], signal.SIGKILL)
        for job in jobs:
            job.result()
    assert site.visitors() == 480
    wait_until(lambda: len(web_workers(site)) == 2, 20)


def test_killing_the_store_loses_nothing_acknowledged(site: Site) -> None:
    site.start()
    acknowledged: list[int] = []

    def visit_some(first: int) -> None:
        acknowledged.extend(number for number in range(first, first + 60) if site.visit(number))

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(visit_some, first * 60) for first in range(8)]
        for done in (60, 160):
            wait_until(lambda done=done: len(acknowledged) >= done, 30)  # type: ignore[misc]
            site.store.kill()
            wait_until(site.store.server.answers)
        for job in jobs:
            job.result()
    # What was not acknowledged may have been counted all the same, never what was not sent.
    assert len(acknowledged) <= site.visitors() <= 480
    for number in range(480):
        wait_until(lambda number=number: site.visit(number), 20)  # type: ignore[misc]
    assert site.visitors() == 480


def test_a_dead_background_worker_is_started_again(site: Site) -> None:
    site.start()

    def background() -> list[int]:
        return [pid for pid, command in _children(site) if "django work" in command and is_running(pid)]

    (first,) = background()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: background() not in ([], [first]), 20)
    errors = site.stop()
    assert "the background worker ended" in errors


def test_a_web_worker_that_dies_again_and_again_is_started_again_and_again(site: Site) -> None:
    site.start()
    for _ in range(5):
        before = web_workers(site)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda before=before: len(set(web_workers(site)) - set(before)) == 2, 20)  # type: ignore[misc]
    wait_until(lambda: site.visit(1), 20)
    errors = site.stop()
    assert site.main is not None
    assert site.main.returncode == 0
    assert errors.count("the web worker 1 ended") == 5


def test_a_web_worker_that_is_stopped_is_replaced(site: Site) -> None:
    site.start()
    frozen = web_workers(site)[0]
    wait_until(lambda: site.visit(1))
    os.kill(frozen, signal.SIGSTOP)
    # Sooner than this where it had given a sign of life before: within 7 s. Longer where it was still starting.
    wait_until(lambda: not is_running(frozen) and len(web_workers(site)) == 2, 45)
    wait_until(lambda: all(site.visit(number) for number in range(2, 20)), 20)
    assert "has fallen silent" in site.stop()


def test_a_background_worker_that_is_stopped_is_replaced(site: Site) -> None:
    site.start()
    (frozen,) = [pid for pid, command in _children(site) if "django work" in command]
    # Its duties run in threads from its first beat on.
    wait_until(lambda: len(list(Path(f"/proc/{frozen}/task").iterdir())) > 4, 30)
    os.kill(frozen, signal.SIGSTOP)
    wait_until(lambda: not is_running(frozen), 45)


def test_killed_with_all_its_workers_stopped_it_leaves_the_port_free(site: Site) -> None:
    site.start()
    family = site.family()
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    assert site.main is not None
    site.main.kill()
    site.ended()
    wait_until(lambda: not any(is_running(pid) for pid in family), 20)
    site.start()


def test_a_site_that_never_comes_up_is_given_up_with_one_line(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here by a module of theirs that shadows granian: the supervisor itself does not need it."""
    broken = site.directory / "broken"
    broken.mkdir()
    (broken / "granian.py").write_text("raise SystemExit(7)\n")
    site.environment["PYTHONPATH"] = os.fspath(broken)
    out, errors = site.manage("serve").communicate(timeout=60)
    assert "CommandError: the site does not come up: its web workers end at once (exit status 7)" in errors
    assert "Traceback" not in out + errors
    assert not site.store.server.is_alive()


@pytest.mark.parametrize("after", ["valkey.sock", "countinghouse.sqlite3", "static"])
@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_ended_while_it_starts_it_leaves_no_store(site: Site, after: str, with_signal: signal.Signals) -> None:
    starting = site.manage("serve")
    wait_until(lambda: any(site.directory.rglob(after)) or starting.poll() is not None, 30)
    starting.send_signal(with_signal)
    starting.communicate(timeout=30)
    wait_until(lambda: not site.store.server.is_alive())


def test_even_when_killed_it_leaves_no_orphans(site: Site) -> None:
    site.start()
    family = site.family()
    assert site.main is not None
    site.main.kill()
    site.ended()
    wait_until(lambda: not any(is_running(pid) for pid in family), 20)


def test_admin_makes_one_and_says_how_to_change_the_password(site: Site) -> None:
    out, errors = site.manage("admin").communicate(timeout=60)
    assert "User name  admin" in out, errors
    password = next(line.split()[-1] for line in out.splitlines() if line.startswith("Password"))
    assert len(password) >= 20
    again, _ = site.manage("admin").communicate(timeout=60)
    assert "--reset" in again
    assert "Password " not in again
    reset, _ = site.manage("admin", "--reset").communicate(timeout=60)
    assert "Password   " in reset
    assert password not in reset
    assert not site.store.server.is_alive()


def web_workers(site: Site) -> list[int]:
    return [pid for pid, command in _children(site) if "config.web_worker" in command and is_running(pid)]


def _children(site: Site) -> list[tuple[int, str]]:
    assert site.main is not None
    return [
        (int(word), Path(f"/proc/{word}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        for task in Path(f"/proc/{site.main.pid}/task").glob("*/children")
        for word in task.read_text().split()
    ]
