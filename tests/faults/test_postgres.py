"""PostgreSQL keeps a row locked, cuts its connections or is gone: 503 where a row is needed, and it heals by itself."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.faults.servers import wait_until
from tests.faults.site import Site
from tests.faults.test_database import assert_twenty_are_quick, said, save, send
from tests.postgres import _program, postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("pg_ctl")
        and not Path("/usr/lib/postgresql").exists()
        and not os.environ.get("REQUIRE_SERVERS"),
        reason="needs PostgreSQL",
    ),
]
#: `lock_timeout` of config/settings.py, and what a busy machine adds of its own.
LOCKED_SECONDS = 5 + 2
REFUSED = (503, "database_unavailable")


class Database:
    """A PostgreSQL to break, and the site that stands on it."""

    def __init__(self, url: str, site: Site) -> None:
        self.url, self.site = url, site
        self.token = self.user = ""
        with self.session() as session:
            row = session.execute("SHOW data_directory").fetchone()
        assert row is not None
        self.folder = Path(row[0])
        # How it was started, to be started so again.
        self.options = shlex.split((self.folder / "postmaster.opts").read_text())[1:]

    def session(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url.replace("postgres://", "postgresql://"))

    def save(self) -> tuple[int, str]:
        """Save the one conversation; the status, and the code of a refusal."""
        status, body = save(self.site, self.token, self.user)
        return status, body.get("code", "")

    def spend(self) -> tuple[int, str]:
        """Spend a token for the user, which reads three rows, and no more."""
        body = {"userId": self.user, "amount": 1, "reason": "article"}
        status, answer = send(self.site, self.token, "/api/tokens/spend", body)
        return status, answer.get("code", "")

    @contextmanager
    def locked(self) -> Iterator[psycopg.Connection[Any]]:
        """Somebody else holds the conversation's row for the block."""
        with self.session() as session:
            held = session.execute("SELECT id FROM usertokens_conversation FOR UPDATE").fetchall()
            assert held
            yield session
            session.rollback()

    def waiting(self) -> list[int]:
        """Who waits for a lock."""
        with self.session() as session:
            found = session.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchall()
        return [pid for (pid,) in found]

    def control(self, *args: str) -> None:
        as_whom = (
            ("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups") if not os.geteuid() else ()
        )
        command = [*as_whom, str(_program("pg_ctl")), "--pgdata", str(self.folder), "--wait", "--silent", *args]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Stopped as by a crash for the block."""
        self.control("--mode", "immediate", "stop")
        try:
            yield
        finally:
            log = self.folder.parent / "log"
            self.control("--log", str(log), "--options", shlex.join(self.options), "start")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    directory = Path(tempfile.mkdtemp(prefix="ch-"))
    with postgres() as url:
        site = Site(directory)
        site.environment["DATABASE_URL"] = url
        made = Database(url, site)
        site.start()
        said(site, "admin")
        made.token = said(site, "service_token", "robot", "--perm", "usertokens.act_for_any")
        with made.session() as session:
            row = session.execute("SELECT id FROM auth_user WHERE is_superuser").fetchone()
        assert row is not None
        made.user = str(row[0])
        assert made.save() == (201, "")
        yield made
        site.stop()
    shutil.rmtree(directory)


def counts_go_on(site: Site, first: int) -> None:
    """Twenty visitors are counted, quickly; none of them needs a row."""
    before = site.visitors()
    assert_twenty_are_quick(site, first)
    assert site.visitors() == before + 20


def test_a_row_that_somebody_holds_is_a_503_and_counts_go_on(database: Database) -> None:
    with database.locked(), ThreadPoolExecutor(1) as thread:
        began = time.monotonic()
        answer = thread.submit(database.save)
        wait_until(lambda: len(database.waiting()) == 1)
        counts_go_on(database.site, 1000)
        assert answer.result() == REFUSED
        assert 4 < time.monotonic() - began < LOCKED_SECONDS
    assert database.save() == (200, "")


def cut(database: Database) -> None:
    """End every connection of the site."""
    with database.session() as session:
        ended = session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()"
        ).fetchall()
    assert ended


def test_a_connection_that_is_cut_is_made_anew(database: Database) -> None:
    cut(database)
    for _ in range(4):
        assert database.save() == (200, "")
    # Each thread's connection is found dead by the one statement of a spend, which is then run on another.
    cut(database)
    assert [database.spend() for _ in range(16)] == [(200, "")] * 16


def test_a_connection_cut_in_the_middle_of_a_request_is_a_503_at_once(database: Database) -> None:
    with database.locked(), ThreadPoolExecutor(1) as thread:
        answer = thread.submit(database.save)
        wait_until(lambda: len(database.waiting()) == 1)
        began = time.monotonic()
        with database.session() as session:
            session.execute("SELECT pg_terminate_backend(%s)", database.waiting())
        assert answer.result() == REFUSED
        assert time.monotonic() - began < 4  # it does not wait until its patience with the row is over
    assert database.save() == (200, "")


def test_gone_it_is_a_503_at_once_pages_render_and_it_heals_by_itself(database: Database) -> None:
    site = database.site
    with database.gone():
        took = []
        for _ in range(6):
            assert database.spend() == REFUSED
            began = time.monotonic()
            assert database.save() == REFUSED
            took.append(time.monotonic() - began)
        assert sorted(took)[3] < 2
        counts_go_on(site, 2000)
        for path in ("/", "/pay", "/statistics", "/pricing", "/fr/", "/accounts/login", "/healthz"):
            assert page(site, path) == 200, path
        assert page(site, "/dashboard", cookie="sessionid=somebodys") == 503
        status, body = site.ask("/readyz")
        assert (status, body["stores"]) == (503, {"store": "ok", "database": "unavailable"})
    wait_until(lambda: site.ask("/readyz")[0] == 200)
    # Every thread of both workers: each has a connection of its own to find dead.
    assert [database.save() for _ in range(20)] == [(200, "")] * 20
    assert [database.spend() for _ in range(20)] == [(200, "")] * 20


def page(site: Site, path: str, cookie: str = "") -> int:
    """The status of a page, after redirects."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.port}{path}", headers={"Cookie": cookie})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
