"""A flood of log-ins from many addresses stops nothing else: a served site, its own hashers."""

from __future__ import annotations

import http.client
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from config.hashing import AT_ONCE
from tests.faults.servers import wait_until
from tests.faults.site import BROWSER, Site, own_site

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

ADDRESSES = 64
LOG_INS = ("/accounts/login", "/de/accounts/login", "/admin/login/")


@pytest.fixture
def site() -> Iterator[Site]:
    with own_site() as site:
        yield site


class Flood:
    """Wrong log-ins from ADDRESSES addresses at once, each again as soon as it has its answer, until `stop`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._over = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.retry_after: set[str | None] = set()
        status, headers, page = request(site, "GET", "/accounts/login")
        assert status == 200
        token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        self._token = token[1].decode()
        self._cookie = headers["Set-Cookie"].partition(";")[0]

    def run(self, number: int) -> None:
        form = urlencode({"username": "nobody", "password": "wrong", "csrfmiddlewaretoken": self._token})
        headers = {
            "X-Forwarded-For": f"10.{number}.0.1", "Cookie": self._cookie,
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        while not self._over.is_set():
            status, answered, _ = request(self._site, "POST", LOG_INS[number % len(LOG_INS)], form, headers)
            self.statuses[status] += 1
            if status == 503:
                self.retry_after.add(answered["Retry-After"])
                self._over.wait(0.5)

    def stop(self) -> None:
        self._over.set()


def request(
    site: Site, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    try:
        connection.request(method, path, body, {"User-Agent": BROWSER, **(headers or {})})
        with connection.getresponse() as response:
            return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_pages_and_counting_go_on(site: Site) -> None:
    """One who asks one thing after the other is answered more often than the whole site hashes passwords."""
    flood = Flood(site)
    with ThreadPoolExecutor(ADDRESSES) as threads:
        try:
            for number in range(ADDRESSES):
                threads.submit(flood.run, number)
            wait_until(lambda: flood.statuses[503] > 0, 60)
            hashed, answered = flood.statuses[200], 0
            for number in range(10):
                for path in ("/healthz", "/", "/statistics"):
                    assert request(site, "GET", path)[0] == 200
                    answered += 1
                assert site.visit(number)
                answered += 1
            hashed = flood.statuses[200] - hashed
        finally:
            flood.stop()
    assert flood.statuses.keys() <= {200, 503}
    assert flood.retry_after == {"1"}
    assert hashed < answered
    # Two processes hash at most so many at once, and none was forgotten: who waits a moment gets in.
    assert flood.statuses[503] > 2 * AT_ONCE
    wait_until(lambda: request(site, "GET", "/readyz")[0] == 200)
    assert site.visitors() == 10
