"""However much is sent, and however odd: the process and the store keep a bounded part of it."""

from __future__ import annotations

import gc
import io
import logging
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from config.wsgi import application
from tests.fuzz.depth import FACTOR
from tests.security.table import BROWSER

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MIB = 1024 * 1024
ROUND = 40 * FACTOR
UNKNOWN = 40
#: Families that live without an end, since they are the counts; by how much a round may add to each.
LASTING = (
    "{stats}:",
    "{usage}:",
    "{qr}:count:",
    "{qr}:days:",
    "{qr}:rank",
    "{qr}:last_seen",
    "{qr}:unknown",
    "{qr}:left_out",
)


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> Iterator[None]:
    logging.disable()  # pytest keeps every record, and a record its request
    settings.RATE_LIMITS = None
    settings.CODETAGS_MAX_UNKNOWN = UNKNOWN
    settings.NUM_PROXIES = 1
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_fuzz", ("whsec_fuzz",)
    yield
    logging.disable(logging.NOTSET)


class Endless(io.RawIOBase):
    """A body that never ends: how much of it was read."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "a body of unknown length is read to its end"
        self.taken += size
        return b"[" * size


def strange(number: int) -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """Requests of which no two rounds share a value: method, path, body, headers."""
    code = f"{number:04X}"
    headers = {
        "User-Agent": f"{BROWSER} {number % 16} " + "u" * 6000,
        "X-Forwarded-For": f"{'9' * 3000}{number}, 198.51.{number % 256}.7:{number % 60000}",
        "Cookie": f"qr_counted={'.'.join([code] * 700)}; cookie_choice={number}{'c' * 3000}",
        "Accept-Language": f"x-{number}" * 50,
    }
    big = f'{{"tool": "{number}{"t" * 60_000}"}}'.encode()
    deep = b'{"id": "%d", "tool": ' % number + b"[" * 30_000
    yield "GET", f"/api/analytics/qr?code={code}", b"", headers
    yield "GET", f"/api/analytics/qr?code={number}{'x' * 3000}", b"", headers
    yield "POST", "/api/stats/visit", b"", headers
    yield "POST", "/api/stats/qr", b'{"receipt": "%d%s"}' % (number, b"r" * 60_000), headers
    yield "POST", "/api/track-usage", big, headers
    yield "POST", "/api/track-usage", deep, headers
    yield "POST", "/api/track-usage", b'{"tool": "payment-qr", "id": "%d"}' % number, headers
    yield "POST", "/api/webhooks/stripe", b"%d" % number * 20_000, {**headers, "Stripe-Signature": f"t={number},v1=x"}
    yield "GET", f"/api/tokens?userId={number}", b"", {**headers, "Authorization": f"Token {number}{'f' * 3000}"}
    yield "GET", f"/{number}{'p' * 2000}", b"", headers


def send_round(first: int) -> int:
    """Send a round, as a server would and not by a test's client, which keeps things; how many bytes it had."""
    sent = 0
    for number in range(first, first + ROUND):
        for method, path, body, headers in strange(number):
            statuses: list[str] = []
            answer = application(
                environ_of(method, path, body, headers), lambda status, *_, to=statuses: to.append(status)
            )
            assert b"".join(answer) or method == "POST"
            answer.close()  # type: ignore[attr-defined] # the test client's answer has it
            assert statuses[0] < "500", (method, path[:60])
            sent += len(path) + len(body) + sum(map(len, headers.values()))
    return sent


def environ_of(method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    bare, _, query = path.partition("?")
    return {
        "REQUEST_METHOD": method, "PATH_INFO": bare, "QUERY_STRING": query, "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "203.0.113.7",
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(),
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }  # fmt: skip


def test_a_process_keeps_nothing_of_what_it_was_sent() -> None:
    send_round(0)  # what is loaded and compiled with the first requests
    gc.collect()
    tracemalloc.start()
    try:
        sent = send_round(ROUND)
        gc.collect()
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent > ROUND * 150_000
    # Caches of so many entries fill with addresses, agents (cut to 512 characters) and the like.
    assert kept < max(MIB // 4, sent // 200), f"{kept} bytes of {sent} were kept"
    # With the garbage that lies about between two collections.
    assert peak < 12 * MIB, f"{peak} bytes at the most at one time"


def test_the_store_keeps_counts_and_what_expires(store: Any) -> None:
    send_round(0)
    before = store.dbsize(), store.info("memory")["used_memory"]
    send_round(ROUND)
    for key in store.keys("*"):
        name = key.decode("latin-1")
        assert len(name) < 128, "a key is as long as what was sent"
        assert store.ttl(key) >= 0 or name.startswith(LASTING), f"{name} never expires"
        assert store.memory_usage(key) < 64 * 1024, name
    assert len(store.keys("{qr}:count:*")) <= UNKNOWN + 1, "strangers' codes are counted by name without an end"
    added, grown = store.dbsize() - before[0], store.info("memory")["used_memory"] - before[1]
    assert added <= 4 * ROUND
    assert grown < max(MIB, ROUND * 2000), f"{grown} bytes for a round of {ROUND}"


@pytest.mark.parametrize(
    "path", ["/api/track-usage", "/api/stats/qr", "/api/analytics/qr", "/api/webhooks/stripe", "/cookies/settings"]
)
def test_a_body_without_an_end_is_heard_out_to_a_limit_and_not_kept(path: str) -> None:
    body = Endless()
    environ = environ_of("POST", path, b"", {"User-Agent": BROWSER, "Transfer-Encoding": "chunked"})
    del environ["CONTENT_LENGTH"]
    statuses: list[str] = []
    tracemalloc.start()
    try:
        b"".join(application({**environ, "wsgi.input": body}, lambda status, *_: statuses.append(status)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert statuses[0][:3] in ("400", "411", "413")
    assert body.taken <= 8 * MIB
    assert peak < 8 * MIB
