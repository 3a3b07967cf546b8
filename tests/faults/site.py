"""`manage.py serve` as a process tree of its own, for tests that break it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kv.store.embedded import EmbeddedServer
from tests.faults.servers import Breakable, is_running, wait_until
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Site:
    """A data directory, a port, and at most one `serve` at a time."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.directory = directory
        self.store = Breakable(EmbeddedServer(directory / "valkey"))
        self.environment = {
            # A database of its own too: two sites that migrate one at the same time are not what is tried here.
            **{name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "DATABASE_URL"))},
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
        """Wait for its end and read its output; return what it wrote to its standard error."""
        assert self.main is not None
        assert self.main.stdout is not None
        with self.main.stdout, self.errors:
            self.main.wait(30)
            self.said += self.main.stdout.read().splitlines()
            self.errors.seek(0)
            return self.errors.read()

    def manage(self, *args: str, errors: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *args], cwd=ROOT, env=self.environment, text=True,
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

    def ask(self, path: str, data: Any = None, address: str = "10.0.0.1", token: str = "") -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if data is None else json.dumps(data).encode(),
            headers={
                "User-Agent": BROWSER,
                "X-Forwarded-For": address,
                "Content-Type": "application/json",
                **({"Authorization": f"Token {token}"} if token else {}),
            },
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


@contextmanager
def own_site(*, started: bool = True) -> Iterator[Site]:
    """A site in a directory of its own, stopped with its store at the end of the block, whatever became of either."""
    directory = Path(tempfile.mkdtemp(prefix="ch-"))
    site = Site(directory)
    try:
        if started:
            site.start()
        yield site
    finally:
        if site.main is not None and site.main.poll() is None:
            site.stop(signal.SIGTERM)
        if site.store.server.is_alive():
            site.store.server.stop()
        shutil.rmtree(directory)


def _descendants(pid: int) -> Iterator[tuple[int, str]]:
    for child, command in _children(pid):
        yield child, command
        yield from _descendants(child)


def web_workers(site: Site) -> list[int]:
    return [pid for pid, command in children(site) if "config.web_worker" in command and is_running(pid)]


def children(site: Site) -> list[tuple[int, str]]:
    assert site.main is not None
    return list(_children(site.main.pid))


def _children(pid: int) -> Iterator[tuple[int, str]]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since it was listed
            for word in task.read_text().split():
                yield int(word), _command(word)


def _command(pid: str) -> str:
    """The command line of a process; "" of one that has ended since it was listed."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
