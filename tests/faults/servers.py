"""Servers to break: an embedded Valkey of one's own, and a proxy in front of one that cuts, stalls or delays."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import override_settings

from kv.errors import StoreUnavailable
from kv.store.caches import durable_cache
from kv.store.connection import call, forget_connections
from kv.store.embedded import EmbeddedServer
from kv.store.factories import embedded_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The contract's 300 ms, and what a busy machine adds of its own. For the quickest of a few tries: whatever waits twice
#: waits twice each time, where a machine that is busy elsewhere makes now one late and now another.
IN_TIME_SECONDS = 0.3 + 0.15


@dataclass(frozen=True)
class Breakable:
    """An embedded server that a test may kill, freeze and thaw."""

    server: EmbeddedServer

    @property
    def pid(self) -> int:
        """The server's process, asked of the server itself."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(os.fspath(self.server.socket_path))
            connection.sendall(b"INFO server\r\n")
            text = b""
            while b"process_id:" not in text or b"\n" not in text.split(b"process_id:", 1)[1]:
                text += connection.recv(65536)
        return int(text.split(b"process_id:", 1)[1].split()[0])

    def kill(self) -> None:
        """SIGKILL, and wait until the process is gone."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_running(pid))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP for the block: the kernel still takes connections and bytes, nobody answers."""
        pid = self.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def own_server(*, fsync: str = "always", timeout_ms: int = 250, join: bool = True) -> Iterator[Breakable]:
    """A fresh embedded server in a directory of its own, and CACHES["kv"] pointing at it within the block."""
    directory = Path(tempfile.mkdtemp(prefix="ch-"))
    entry = durable_cache("embedded", directory=directory, fsync=fsync, timeout_ms=timeout_ms)
    server = embedded_server(entry["LOCATION"])
    try:
        with override_settings(CACHES={**settings.CACHES, "kv": entry}):
            if join:
                server.ensure(30)
                wait_until(_answers)  # a busy machine may need longer than the timeout for the first connection
            yield Breakable(server)
    finally:
        forget_connections()
        server.leave()
        if server.is_alive():
            server.stop()
        shutil.rmtree(directory)


class Proxy:
    """Passes bytes between a TCP port of its own and a server; `cut`, `stall`, `delay`, `cuts_answers` interfere.

    sent: how many bytes have gone to the server, and `count(word)` how often a word has.
    """

    def __init__(self, target: Path | tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.seen = bytearray()
        self.connections = 0
        self.delay = 0.0
        self.cuts_answers = False
        self._flowing = threading.Event()
        self._flowing.set()
        self._open = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """For CACHES."""
        return f"redis://127.0.0.1:{self.port}/0"

    def count(self, word: bytes) -> int:
        """How often the clients have sent `word`."""
        return bytes(self.seen).count(word)

    def lead_to(self, target: Path) -> None:
        """New connections go to another server; those that are open stay where they are."""
        self._target = target

    def cut(self) -> None:
        """Close every connection there is; new ones are taken."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def stall(self) -> None:
        """Swallow what clients send from now on and answer nothing, until `flow`."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass bytes on again, also those that were held back."""
        self._flowing.set()

    def close(self) -> None:
        """No more connections."""
        self._open = False
        self._flowing.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept, which a mere close does not
        self._listener.close()
        self.cut()
        self._thread.join(5)

    def _accept(self) -> None:
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = self._connect()
            self._pairs.append((client, server))
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._target, Path):
            server = socket.socket(socket.AF_UNIX)
            server.connect(os.fspath(self._target))
            return server
        return socket.create_connection(self._target)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            while True:
                for source in select.select([client, server], [], [])[0]:
                    try:
                        data = source.recv(65536)
                    except OSError:
                        data = b""
                    if not data:
                        return
                    self._pass_on(data, source, client, server)

    def _pass_on(self, data: bytes, source: socket.socket, client: socket.socket, server: socket.socket) -> None:
        if source is client:
            self.seen += data
        elif self.cuts_answers:
            self.cut()
            return
        self._flowing.wait()
        if self.delay:
            threading.Event().wait(self.delay)
        with suppress(OSError):  # the other end may be gone; the next recv reports it
            (server if source is client else client).sendall(data)


@contextmanager
def proxied(*, timeout_ms: int = 250) -> Iterator[Proxy]:
    """A fresh server behind a proxy, and CACHES["kv"] pointing at the proxy within the block."""
    with own_server() as breakable:
        proxy = Proxy(breakable.server.socket_path)
        entry = durable_cache(proxy.url, timeout_ms=timeout_ms)
        try:
            with override_settings(CACHES={**settings.CACHES, "kv": entry}):
                wait_until(_answers)
                yield proxy
        finally:
            proxy.close()


def _answers() -> bool:
    try:
        return bool(call("PING"))
    except StoreUnavailable:
        return False


#: A machine whose processors are shared by four other processes needs that much longer.
_BUSY = 4


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return as soon as `true()` is. Raises AssertionError when it never is.

    seconds: that are enough where nothing else runs; a busy machine is given four times as many.
    """
    deadline = time.monotonic() + _BUSY * seconds
    pause = threading.Event()
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.01)


def is_running(pid: int) -> bool:
    """Whether any thread of the process lives; one that is dead and not yet waited for does not."""
    folder = Path(f"/proc/{pid}")
    try:
        dead = (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        # The first thread may be dead while another still holds the sockets open.
        return not dead or len(list((folder / "task").iterdir())) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False
