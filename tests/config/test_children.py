"""Children that are forked from the supervisor: they share its memory and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every child is executed")

# A process with a single thread, as the supervisor is and a test's process is not: with what preparing a site opens.
PARENT = """
import json, os, signal, sys, threading, time
from pathlib import Path
import django
django.setup()
from django.core.cache import caches
from django.db import connection
from config.children import can_fork, start_child
from config.supervisor import Program
from kv.store.connection import call, connection as client
from kv.work.shutdown import Shutdown

call("PING")
client().ping()
caches["default"].set("key", 1)
connection.ensure_connection()
out = Path(sys.argv[1])

def facts():
    places = {int(name): os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
              if os.path.exists(f"/proc/self/fd/{name}")}
    return {
        "pid": os.getpid(), "session": os.getsid(0), "parent": os.getppid(), "fds": places,
        "beats": int(os.environ["HEARTBEAT_FD"]), "stdin": sys.stdin.read() if 0 in places else None,
        "defaults": [signal.getsignal(number) is signal.SIG_DFL for number in (signal.SIGTERM, signal.SIGHUP)],
        "interrupts": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
        "mask": [str(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
        "wakeup": signal.set_wakeup_fd(-1), "asked": Shutdown.signalled or Shutdown.under_way,
        "command": Path("/proc/self/cmdline").read_bytes().decode(), "home": os.popen("echo $HOME").read().strip(),
        "answer": str(call("PING")),
    }

def tell():
    out.write_text(json.dumps(facts()))

"""


def run(code: str, tmp_path: Path, **more: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
    """Run the parent with `code` behind it; what its child report, and how the parent ended."""
    out = tmp_path / "facts.json"
    environment = {
        **os.environ, "DATA_DIR": str(tmp_path / "data"), "DJANGO_SETTINGS_MODULE": "config.settings", **more,
    }  # fmt: skip
    for name in ("DATABASE_URL", "REDIS_URL", "KV_PREFIX"):
        environment.pop(name, None)
    command = [sys.executable, "-c", PARENT + code, str(out)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return json.loads(out.read_text()) if out.exists() else {}, done


def test_a_forked_child_has_nothing_of_its_parents_but_memory(tmp_path: Path) -> None:
    report, done = run(
        """
with Shutdown():
    others = [Program("other", ["sleep", "60"], 1, 1), Program("one", ["python", "-m", "nothing", "x"], 1, 1, tell)]
    for one in others:
        one.start()
    deadline = time.monotonic() + 60
    while others[1].status() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    print(others[1].status())
    for one in others:
        one.terminate()
        one.wait(time.monotonic() + 5)
assert call("PING") in ("PONG", b"PONG")
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0", done.stderr
    assert report["session"] == report["pid"] != report["parent"]
    assert report["stdin"] == ""
    assert report["command"].startswith("python -m nothing x")
    assert report["home"] == os.environ["HOME"]
    assert report["mask"] == []
    assert report["wakeup"] == -1
    assert not report["asked"]
    assert report["defaults"] == [True] * 2
    assert report["interrupts"]
    assert "PONG" in report["answer"]
    left = {place for number, place in report["fds"].items() if int(number) > 2 and int(number) != report["beats"]}
    # Its own: the connection that it has just made, and the lock that says it uses the store.
    assert len([place for place in left if place.startswith("socket:")]) <= 1, left
    assert [place for place in left if place.startswith("pipe:")] == [], left
    assert [place for place in left if "sqlite3" in place] == [], left


def test_it_ends_as_a_program_does_and_never_in_its_parents_code(tmp_path: Path) -> None:
    ends = {
        "pass": (0, ""),
        "sys.exit()": (0, ""),
        "sys.exit(7)": (7, ""),
        "sys.exit('no way')": (1, "no way"),
        "1 / 0": (1, "ZeroDivisionError"),
        "os.kill(os.getpid(), signal.SIGTERM)": (-15, ""),
        "os.kill(os.getpid(), signal.SIGINT)": (1, "KeyboardInterrupt"),
    }
    _, done = run(
        f"""
import atexit
atexit.register(lambda: sys.stderr.write("atexit ran\\n"))
read, beats = os.pipe()
for ends in {list(ends)!r}:
    try:
        child = start_child(["python", "-m", "x"], lambda: exec(ends), beats=beats)
        print(child.wait(30), child.poll())
    finally:
        sys.stderr.write("the parent's finally\\n")
""",
        tmp_path,
    )
    assert done.stdout.split() == [str(status) for status, _ in ends.values() for _ in range(2)], done.stderr
    assert done.stderr.count("the parent's finally") == len(ends)
    assert done.stderr.count("atexit ran") == len(ends)  # not in the one that was killed; in the parent itself
    assert [says for _, says in ends.values() if says not in done.stderr] == []


def test_beside_other_threads_it_is_executed(tmp_path: Path) -> None:
    report, done = run(
        """
go = threading.Event()
threading.Thread(target=go.wait).start()
read, beats = os.pipe()
child = start_child([sys.executable, "-c", "print('executed')"], lambda: print("forked"), beats=beats)
print(can_fork(), child.wait(30))
go.set()
""",
        tmp_path,
    )
    assert done.stdout.split() == ["executed", "False", "0"], done.stderr
    assert report == {}


def test_the_supervisor_imports_what_it_forks_and_leaves_the_rest_to_processes_that_say_why(tmp_path: Path) -> None:
    code = """
from config.forked_workers import import_workers
print([main is not None for main in import_workers("127.0.0.1", 1)])
"""
    _, done = run(code, tmp_path)
    assert done.stdout.split("\n")[0] == "[True, True]", done.stderr
    _, done = run(f"go = threading.Event()\nthreading.Thread(target=go.wait).start(){code}go.set()", tmp_path)
    assert done.stdout.split("\n")[0] == "[False, False]", done.stderr
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "granian.py").write_text("raise SystemExit(7)\n")
    _, done = run(code, tmp_path, PYTHONPATH=str(broken))
    assert done.stdout.split("\n")[0] == "[False, False]", done.stderr
    assert done.returncode == 0
