"""An embedded server ends when its last user is gone, also when that one was killed or left by `os._exit`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from kv.store import embedded_watch
from kv.store.embedded import EmbeddedServer, _Try
from tests.faults.servers import is_running, wait_until
from tests.kv.test_embedded import another_process, directory, found_by

__all__ = ["directory"]  # the fixture

# Counts under `everysec`, says the last answer, and then ends as its standard input says: "exit", or "fork" first.
_RUDE = """
import os, signal, sys
from pathlib import Path
import redis
from kv.store.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), "everysec")
server.ensure(20)
store = redis.Redis(unix_socket_path=str(server.socket_path))
for _ in range(500):
    last = store.incr("n")
print(store.info("server")["process_id"], last, flush=True)
if sys.stdin.readline() == "fork\\n":
    told, tell = os.pipe()
    if os.fork() == 0:
        server.ensure(20)
        print(os.getpid(), flush=True)
        os.write(tell, b".")
        signal.pause()
    os.read(told, 1)  # not before the child is a user: between two users there may be none, and then the server ends
os._exit(0)
"""


def rude_process(directory: Path) -> tuple[subprocess.Popen[str], int, int]:
    """Such a process, the server's id and the last number that it was answered."""
    process = subprocess.Popen(
        [sys.executable, "-c", _RUDE, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid, last = process.stdout.readline().split()
    return process, int(pid), int(last)


def looked(directory: Path) -> bool:
    """What one look of a watcher finds: whether the server has ended."""
    mine = os.open(directory / "looked", os.O_RDWR | os.O_CREAT)
    has_ended = embedded_watch.look(str(directory), str(EmbeddedServer(directory).socket_path), mine)
    if not has_ended:
        os.close(mine)
    return has_ended


class TestUsersThatLeaveWithoutAWord:
    @pytest.mark.parametrize("way", ["exit", "SIGKILL"])
    def test_the_last_one_leaves_no_server_and_no_watcher_behind(self, directory: Path, way: str) -> None:
        process, pid, last = rude_process(directory)
        if way == "SIGKILL":
            process.kill()
        process.communicate("exit\n", timeout=20)
        wait_until(lambda: not is_running(pid))
        wait_until(lambda: not is_held(directory / "watch"))
        server = EmbeddedServer(directory)
        server.ensure(20)
        with Redis(unix_socket_path=str(server.socket_path)) as store:
            assert store.get("n") == str(last).encode()

    def test_the_others_keep_theirs(self, directory: Path) -> None:
        rude, pid, _ = rude_process(directory)
        other, third = another_process(directory), another_process(directory)
        assert found_by(other) == found_by(third) == pid
        rude.communicate("exit\n", timeout=20)
        other.kill()
        other.communicate()
        assert not looked(directory)
        assert is_running(pid)
        third.kill()
        third.communicate()
        wait_until(lambda: not is_running(pid))

    def test_a_forked_child_is_a_user_of_its_own(self, directory: Path) -> None:
        process, pid, _ = rude_process(directory)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("fork\n")
        process.stdin.flush()
        child = int(process.stdout.readline())
        assert process.wait(20) == 0
        assert not looked(directory)
        assert is_running(pid)
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: not is_running(pid))
        process.stdin.close()
        process.stdout.close()

    def test_a_watcher_ends_with_its_server(self, directory: Path) -> None:
        server = EmbeddedServer(directory)
        server.ensure(10)
        assert is_held(directory / "watch")
        server.stop()
        wait_until(lambda: not is_held(directory / "watch"))

    def test_a_second_watcher_ends_at_once(self, directory: Path) -> None:
        server = EmbeddedServer(directory)
        server.ensure(10)
        assert is_held(directory / "watch")
        embedded_watch.watch(str(directory), str(server.socket_path))
        assert server.answers()

    def test_a_watcher_without_its_directory_ends(self, tmp_path: Path) -> None:
        embedded_watch.watch(str(tmp_path / "gone"), str(tmp_path / "gone/valkey.sock"))

    @pytest.mark.parametrize("removed", ["launch", "alive", "users", "watch"])
    def test_a_watcher_makes_no_file_in_a_directory_that_is_being_removed(self, directory: Path, removed: str) -> None:
        server = EmbeddedServer(directory)
        server.ensure(10)
        server.stop()
        wait_until(lambda: not is_held(directory / "watch"))
        (directory / removed).unlink()
        embedded_watch.watch(str(directory), str(server.socket_path))
        assert not (directory / removed).exists()

    def test_inside_another_program_nobody_watches(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/usr/bin/uwsgi")
        EmbeddedServer(directory).ensure(10)
        assert not (directory / "watch").exists()


def is_held(lock: Path) -> bool:
    with _Try(lock) as mine:
        return mine is None
