"""The database of the relations locked: what needs it is a 503, what does not goes on, and it heals by itself."""

from __future__ import annotations

import json
import sqlite3
import time
import urllib.error
import urllib.request
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.servers import wait_until
from tests.faults.site import Site, own_site

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

#: SQLite waits this long for its turn (config/settings.py), and a busy machine adds its own.
LOCKED_SECONDS = 5 + 2


@pytest.fixture
def site() -> Iterator[Site]:
    with own_site() as site:
        yield site


def save(site: Site, token: str, user: str) -> tuple[int, Any]:
    """A conversation, which needs a row in SQL."""
    body = {"userId": user, "summary": "A talk", "id": "6f1c1f4e-3f1e-4c54-9d6f-0c7a3b2f9f10"}
    return send(site, token, "/api/chat/save", body)


def send(site: Site, token: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """POST as a service."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{site.port}{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Token {token}", "Content-Type": "application/json", "User-Agent": "service/1"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def said(site: Site, *args: str) -> str:
    """What a command prints."""
    process = site.manage(*args)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return out.strip()


def assert_twenty_are_quick(site: Site, first: int = 0) -> None:
    """Twenty visitors are counted, most of them at once: what needs a row waits for seconds."""
    took = []
    for number in range(first, first + 20):
        began = time.monotonic()
        wait_until(partial(site.visit, number))
        took.append(time.monotonic() - began)
    assert sorted(took)[10] < 1


def test_a_locked_database_is_a_503_and_counts_go_on(site: Site) -> None:
    said(site, "admin")
    token = said(site, "service_token", "robot", "--perm", "usertokens.act_for_any")
    with closing(sqlite3.connect(site.directory / "countinghouse.sqlite3", isolation_level=None)) as database:
        (user,) = database.execute("SELECT id FROM auth_user WHERE is_superuser").fetchone()
        database.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        status, body = save(site, token, str(user))
        took = time.monotonic() - began
        assert (status, body["code"]) == (503, "database_unavailable")
        assert took < LOCKED_SECONDS
        assert_twenty_are_quick(site)
        assert site.ask("/api/stats")[1]["visitors"] == 20
        database.execute("ROLLBACK")
    status, body = save(site, token, str(user))
    assert (status, body["conversations"]) == (201, 1)
    status, body = save(site, token, str(user))
    assert (status, body["conversations"]) == (200, 1)
