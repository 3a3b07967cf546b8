"""The visit and the totals over HTTP against a naive peer and a bare view on the same kind of server."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

from benchmarks.http import Sent, granian, load, served_site
from benchmarks.measure import Row, per_second
from benchmarks.store import placed_store

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_ROUNDS = 7
_SECONDS = 1


def run() -> Iterator[Row]:
    """Rounds in turn, the median of each; every visit comes from an address of its own."""
    with (
        placed_store("always") as placed,
        served_site({**placed.site, "NUM_PROXIES": "1"}) as site,
        granian("benchmarks.peer:application", placed.peer) as peer,
        granian("benchmarks.peer:application", {**placed.peer, "PEER_BARE": "1"}) as empty,
    ):
        rates = _in_turn(
            {
                "visit": lambda turn: load(site, _visit("/api/stats/visit", site, turn), seconds=_SECONDS),
                "naive visit": lambda turn: load(peer, _visit("/visit", peer, turn), seconds=_SECONDS),
                "figures": lambda _: load(site, _get("/api/stats", site), seconds=_SECONDS, distinct=1),
                "constant": lambda _: load(peer, _get("/constant", peer), seconds=_SECONDS, distinct=1),
                "empty": lambda _: load(empty, _get("/constant", empty), seconds=_SECONDS, distinct=1),
            }
        )
    yield _row("POST /api/stats/visit", rates["visit"], "naive DRF view + evalsha", rates["naive visit"], "≥1.0")
    yield _row("GET /api/stats", rates["figures"], "bare view, default middleware", rates["constant"], "≥0.8")
    yield _row("GET /api/stats", rates["figures"], "bare view, no middleware at all", rates["empty"], "")


def _in_turn(candidates: dict[str, Callable[[int], Sent]]) -> dict[str, float]:
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(_ROUNDS + 1):
        for name, candidate in candidates.items():
            sent = candidate(turn)
            if turn and sent.bad:  # workers may still be starting in the first
                raise RuntimeError(f"{name}: {sent}")
            if turn:
                rates[name].append(sent.rate)
    return {name: statistics.median(values) for name, values in rates.items()}


def _visit(path: str, port: int, turn: int) -> Callable[[int], bytes]:
    start = 0x0B000000 + turn * 1_000_000
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_AGENT}\r\nSec-Fetch-Site: same-origin\r\n"

    def request(number: int) -> bytes:
        return f"{head}X-Forwarded-For: {IPv4Address(start + number)}\r\nContent-Length: 0\r\n\r\n".encode()

    return request


def _get(path: str, port: int) -> Callable[[int], bytes]:
    text = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_AGENT}\r\n\r\n".encode()
    return lambda _: text


def _row(operation: str, ours: float, against: str, theirs: float, bar: str) -> Row:
    return Row(operation, per_second(ours), against, per_second(theirs), ours / theirs, bar)
