"""`manage.py serve` as a real process tree: it serves, keeps what was counted, and leaves nothing behind."""

from __future__ import annotations

import os
import select
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from config.rsgi import THREADS
from tests.faults.servers import is_running, wait_until
from tests.faults.site import Site, children, own_site, web_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


@pytest.fixture
def site() -> Iterator[Site]:
    with own_site(started=False) as site:
        yield site


def test_serves_stops_and_serves_the_same_counts_again(site: Site) -> None:
    site.directory.chmod(0o755)  # as somebody made it by hand
    site.start()
    for number in range(20):
        wait_until(partial(site.visit, number))
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
    for where in ("/", "/admin/", "/api/docs"):  # what to do next
        assert any(line.split()[-1:] == [f"http://127.0.0.1:{site.port}{where}"] for line in site.said), site.said
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


def test_ctrl_c_pressed_until_it_has_ended_changes_nothing(site: Site) -> None:
    site.start()
    assert site.main is not None
    while site.main.poll() is None:
        os.kill(site.main.pid, signal.SIGINT)
        select.select([], [], [], 0.002)
    errors = site.ended()
    assert "Traceback" not in errors
    assert site.main.returncode == 0
    assert site.said[-1] == "Stopped. Everything counted is kept."
    assert not site.store.server.is_alive()


def test_a_terminal_that_closes_ends_it_too(site: Site) -> None:
    site.start()
    family = site.family()
    site.stop(signal.SIGHUP)
    wait_until(lambda: not any(is_running(pid) for pid in family))
    assert not site.store.server.is_alive()


def test_a_port_in_use_is_one_clear_line(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        out, errors = site.manage("serve").communicate(timeout=120)
    assert errors.strip().splitlines()[-1].startswith(f"CommandError: Can't listen on 127.0.0.1:{site.port}")
    assert "Traceback" not in out + errors


def test_killing_web_workers_loses_nothing(site: Site) -> None:
    site.start()
    acknowledged: list[int] = []

    def visit_some(first: int) -> None:
        for number in range(first, first + 60):
            # One that was cut off may or may not be counted: the browser asks again, and so do we.
            wait_until(partial(site.visit, number), 20)
            acknowledged.append(number)

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(visit_some, first * 60) for first in range(8)]
        for done in (60, 160, 260):
            wait_until(lambda done=done: len(acknowledged) >= done, 30)  # type: ignore[misc] # bound now, by its default
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
            wait_until(lambda done=done: len(acknowledged) >= done, 30)  # type: ignore[misc] # bound now, by its default
            site.store.kill()
            wait_until(site.store.server.answers)
        for job in jobs:
            job.result()
    # What was not acknowledged may have been counted all the same, never what was not sent.
    assert len(acknowledged) <= site.visitors() <= 480
    for number in range(480):
        wait_until(partial(site.visit, number), 20)
    assert site.visitors() == 480


def test_a_dead_background_worker_is_started_again(site: Site) -> None:
    site.start()

    def background() -> list[int]:
        return [pid for pid, command in children(site) if "django work" in command and is_running(pid)]

    wait_until(lambda: len(background()) == 1, 20)  # it takes its title after the site answers
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
        wait_until(lambda before=before: len(set(web_workers(site)) - set(before)) == 2, 20)  # type: ignore[misc] # bound now, by its default
    wait_until(lambda: site.visit(1), 20)
    errors = site.stop()
    assert site.main is not None
    assert site.main.returncode == 0
    assert errors.count("the web worker 1 ended") == 5


def test_a_web_worker_that_is_stopped_is_replaced(site: Site) -> None:
    site.start()
    frozen = web_workers(site)[0]
    # Stopped after its first sign of life it is replaced within 7 s, before it only within 31 s. The first sign comes
    # 0.1 s after the threads of its requests have started: visits take up that time.
    wait_until(lambda: len(list(Path(f"/proc/{frozen}/task").iterdir())) > THREADS)
    for number in range(100):
        wait_until(partial(site.visit, number))
    os.kill(frozen, signal.SIGSTOP)
    wait_until(lambda: not is_running(frozen) and len(web_workers(site)) == 2, 45)
    wait_until(lambda: all(site.visit(number) for number in range(2, 20)), 20)
    assert "has fallen silent" in site.stop()


def test_a_background_worker_that_is_stopped_is_replaced(site: Site) -> None:
    site.start()
    (frozen,) = [pid for pid, command in children(site) if "django work" in command]
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
    out, errors = site.manage("serve").communicate(timeout=120)
    assert "CommandError: the site does not come up: its web workers end at once (exit status 7)" in errors
    assert "Traceback" not in out + errors
    assert not site.store.server.is_alive()


@pytest.mark.parametrize("after", ["valkey.sock", "countinghouse.sqlite3", "static"])
@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_ended_while_it_starts_it_leaves_no_store(site: Site, after: str, with_signal: signal.Signals) -> None:
    starting = site.manage("serve")
    wait_until(lambda: any(site.directory.rglob(after)) or starting.poll() is not None, 30)
    starting.send_signal(with_signal)
    starting.communicate(timeout=120)
    wait_until(lambda: not site.store.server.is_alive())


def test_even_when_killed_it_leaves_no_orphans(site: Site) -> None:
    site.start()
    family = site.family()
    assert site.main is not None
    site.main.kill()
    site.ended()
    wait_until(lambda: not any(is_running(pid) for pid in family), 20)


def test_admin_makes_one_and_says_how_to_change_the_password(site: Site) -> None:
    out, errors = site.manage("admin").communicate(timeout=120)
    assert "Username   admin" in out, errors
    password = next(line.split()[-1] for line in out.splitlines() if line.startswith("Password"))
    assert len(password) >= 20
    again, _ = site.manage("admin").communicate(timeout=120)
    assert "--reset" in again
    assert "Password " not in again
    reset, _ = site.manage("admin", "--reset").communicate(timeout=120)
    assert "Password   " in reset
    assert password not in reset
    assert not site.store.server.is_alive()
