"""The calls of the fast lane over HTTP: against the least that a Django view can do, and against the lane switched off.

The least: no middleware, a plain view, one EVALSHA over a bare socket; for the totals a view that returns a constant.
Processor time is that of all processes, the store's too.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address

from django.test import override_settings

from benchmarks.http import granian, load, served_site
from benchmarks.measure import Row, per_second
from benchmarks.processor import processor_seconds
from benchmarks.store import on_cluster, placed_store
from stats.services.receipts import sign_receipt

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_ROUNDS = 5
_SECONDS = 1.0
_SECRET = "the key of receipts in benchmarks, and of nothing else"
#: More than a round sends.
_RECEIPTS = 12_000
#: At least so many requests of the ceiling's a second, at most so much of the processor time without the lane.
_BARS = {"visit": ("≥1.5", "≤0.4"), "code hit": ("≥1.3", "≤0.45"), "use": ("≥1.0", ""), "receipt": ("≥1.0", "")}
_NAMES = {
    "visit": "POST /api/stats/visit", "code hit": "POST /api/analytics/qr", "use": "POST /api/track-usage",
    "receipt": "POST /api/stats/qr", "figures": "GET /api/stats",
}  # fmt: skip
Request = Callable[[int], bytes]


def run() -> Iterator[Row]:
    """Rounds in turn, the median of each; every request comes from an address of its own, with the limits on."""
    for fsync in ("everysec", "always"):
        yield from _run(fsync)


def _run(fsync: str) -> Iterator[Row]:
    with placed_store(fsync) as placed, override_settings(SECRET_KEY=_SECRET):
        environment = {**placed.site, "NUM_PROXIES": "1", "SECRET_KEY": _SECRET}
        peer = {**placed.peer, "PEER_BARE": "1"}
        with (
            served_site(environment) as site,
            served_site(environment, module="benchmarks.site_without_lane") as before,
            granian("benchmarks.peer:application", peer) as ceiling,
        ):
            store = str(placed.directory)
            for call in ("visit", "code hit", "use", "receipt", *(("figures",) if fsync == "everysec" else ())):
                if call != "figures" and on_cluster():
                    continue  # the bare socket leads to one server
                path = "/constant" if call == "figures" else "/bare"
                least: Callable[[str, int, int], Request] = _get if call == "figures" else _post
                rates, costs = _in_turn(
                    store,
                    {
                        "site": (site, partial(_request, call, site)),
                        "before": (before, partial(_request, call, before)),
                        "ceiling": (ceiling, partial(least, path, ceiling)),
                    },
                )
                yield from _rows(call, fsync, rates, costs)


def _rows(call: str, fsync: str, rates: dict[str, float], costs: dict[str, float]) -> Iterator[Row]:
    rate_bar, cost_bar = _BARS.get(call, ("≥1.5", ""))
    name = _NAMES[call] if call == "figures" else f"{_NAMES[call]}, {fsync}"
    against = "bare view, no middleware" + ("" if call == "figures" else ", bare EVALSHA")
    yield Row(
        name, per_second(rates["site"]), against, per_second(rates["ceiling"]), rates["site"] / rates["ceiling"],
        rate_bar,
    )  # fmt: skip
    for other, words, bar in (("before", "without the fast lane", cost_bar), ("ceiling", against, "")):
        mine, theirs = f"{costs['site'] * 1e6:.0f} µs", f"{costs[other] * 1e6:.0f} µs"
        yield Row("  its processor time, all processes", mine, words, theirs, costs["site"] / costs[other], bar)
    yield Row(
        "  its rate", per_second(rates["site"]), "without the fast lane", per_second(rates["before"]),
        rates["site"] / rates["before"],
    )  # fmt: skip


def _in_turn(
    store: str, candidates: dict[str, tuple[int, Callable[[int], Request]]]
) -> tuple[dict[str, float], dict[str, float]]:
    """The medians: requests a second, and seconds of processor time a request."""
    rates: dict[str, list[float]] = {name: [] for name in candidates}
    costs: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(_ROUNDS + 1):
        for name, (port, make) in candidates.items():
            request = make(turn)
            before = processor_seconds(str(port), store)
            rate, statuses = load(port, request, seconds=_SECONDS)
            spent = processor_seconds(str(port), store) - before
            if set(statuses) - {b"200", b"201"} or (turn and not statuses):
                raise RuntimeError(f"{name}: {statuses}")
            if turn:
                rates[name].append(rate)
                costs[name].append(spent / sum(statuses.values()))
    return _medians(rates), _medians(costs)


def _medians(values: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(found) for name, found in values.items()}


def _request(call: str, port: int, turn: int) -> Request:
    match call:
        case "visit":
            return _post("/api/stats/visit", port, turn)
        case "code hit":
            return _post("/api/analytics/qr?code=DEMO", port, turn)
        case "use":
            return _post("/api/track-usage", port, turn, lambda _: b'{"tool":"payment-qr"}')
        case "receipt":
            receipts = [json.dumps({"receipt": sign_receipt(100)}).encode() for _ in range(_RECEIPTS)]
            return _post("/api/stats/qr", port, turn, receipts.__getitem__)
        case _:
            return _get("/api/stats", port, turn)


def _post(path: str, port: int, turn: int, body: Callable[[int], bytes] = lambda _: b"") -> Request:
    # Each site has a network of its own, since two share a store.
    start = 0x0B000000 + port % 97 * 20_000_000 + turn * 1_000_000
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_AGENT}\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Type: application/json\r\n"
    )

    def request(number: int) -> bytes:
        sent = body(number)
        return (
            f"{head}X-Forwarded-For: {IPv4Address(start + number)}\r\nContent-Length: {len(sent)}\r\n\r\n".encode()
            + sent
        )

    return request


def _get(path: str, port: int, _: int) -> Request:
    text = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_AGENT}\r\n\r\n".encode()
    return lambda _: text
