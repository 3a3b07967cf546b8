"""The landing's call over HTTP against a naive DRF view with one `evalsha` on the same kind of server."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

from benchmarks.http import granian, load
from benchmarks.measure import Row, per_second
from kv.embedded import EmbeddedServer

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_ROUNDS = 7
_SECONDS = 1.5


def run() -> Iterator[Row]:
    """Rounds in turn, the median of each; every hit comes from an address of its own."""
    directory = Path(tempfile.mkdtemp(prefix="chb-"))
    server = EmbeddedServer(directory / "valkey", "always")
    server.ensure(30)
    ours = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": os.fspath(directory),
        "NUM_PROXIES": "1",
        "SITE_URL": "",
    }
    theirs = {"PEER_SOCKET": os.fspath(server.socket_path)}
    with granian("config.wsgi:application", ours) as site, granian("benchmarks.peer:application", theirs) as peer:
        ports = {"ours": (site, "/api/analytics/qr?code=DEMO"), "theirs": (peer, "/visit")}
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for turn in range(_ROUNDS + 1):
            for name, (port, path) in ports.items():
                rate, statuses = load(port, _hit(path, port, turn), seconds=_SECONDS)
                if set(statuses) - {b"200"} or (turn and not statuses):
                    raise RuntimeError(f"{name}: {statuses}")
                if turn:
                    rates[name].append(rate)
    server.leave()
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
