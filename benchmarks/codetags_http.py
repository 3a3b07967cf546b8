"""The landing's call over HTTP against a naive DRF view with one `evalsha` on the same kind of server."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

from benchmarks.http import granian, load, served_site
from benchmarks.measure import Row, per_second
from benchmarks.store import placed_store

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_ROUNDS = 7
_SECONDS = 1


def run() -> Iterator[Row]:
    """Rounds in turn, the median of each; every hit comes from an address of its own."""
    with (
        placed_store("always") as placed,
        served_site({**placed.site, "NUM_PROXIES": "1"}) as site,
        granian("benchmarks.peer:application", placed.peer) as peer,
    ):
        ports = {"ours": (site, "/api/analytics/qr?code=DEMO"), "theirs": (peer, "/visit")}
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for turn in range(_ROUNDS + 1):
            for name, (port, path) in ports.items():
                sent = load(port, _hit(path, port, turn), seconds=_SECONDS)
                if turn and sent.bad:  # workers may still be starting in the first
                    raise RuntimeError(f"{name}: {sent}")
                if turn:
                    rates[name].append(sent.rate)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    yield Row(
        "POST /api/analytics/qr",
        per_second(medians["ours"]),
        "naive DRF view + evalsha",
        per_second(medians["theirs"]),
        medians["ours"] / medians["theirs"],
        "≥1.0",
    )


def _hit(path: str, port: int, turn: int) -> Callable[[int], bytes]:
    start = 0x0B000000 + turn * 1_000_000
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_AGENT}\r\nSec-Fetch-Site: same-origin\r\n"

    def request(number: int) -> bytes:
        return f"{head}X-Forwarded-For: {IPv4Address(start + number)}\r\nContent-Length: 0\r\n\r\n".encode()

    return request
