"""The calls of the fast lane over HTTP: against the least that a Django view can do, and against the lane switched off.

A Django view can do no less than this: no middleware, a plain view, one EVALSHA over a bare socket; for the totals it
returns a constant. It is measured with two scripts. The bars are of the same script, so that the store does equal
work and what differs is the way to it: rate limit, visitor, day's series and estimate, the code's columns, the mark of
a receipt. The least script counts an address with three commands, and so is cheaper than any call that keeps what
this site keeps; its rows have no bar.

Processor time is that of all processes, the store's too.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from ipaddress import IPv4Address

from django.test import override_settings

from benchmarks.http import granian, load, served_site
from benchmarks.measure import Row, per_second
from benchmarks.processor import processor_seconds
from benchmarks.store import on_cluster, placed_store
from stats.services.receipts import sign_receipt

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_ROUNDS = 9
_SECONDS = 1
_SECRET = "the key of receipts in benchmarks, and of nothing else"
#: More than a round sends, where requests differ.
_DISTINCT = {"visit": 40_000, "code hit": 40_000, "use": 40_000, "receipt": 30_000, "figures": 1}
#: At least so many requests a second of the ceiling's with the same script, at most so much of the processor time
#: without the lane.
_BARS = {"visit": ("≥1.5", "≤0.4"), "code hit": ("≥1.3", "≤0.45"), "use": ("≥1.0", ""), "receipt": ("≥1.0", "")}
_NAMES = {
    "visit": "POST /api/stats/visit", "code hit": "POST /api/analytics/qr", "use": "POST /api/track-usage",
    "receipt": "POST /api/stats/qr", "figures": "GET /api/stats",
}  # fmt: skip
_SAME = {"visit": "/same/visit", "code hit": "/same/hit", "use": "/same/use", "receipt": "/same/receipt"}
_VIEW = "bare view, no middleware"
Request = Callable[[int], bytes]
#: What each round found, by candidate.
Rounds = dict[str, list[float]]


def run() -> Iterator[Row]:
    """Rounds in turn, medians of their ratios; every request comes from an address of its own, with the limits on."""
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
                candidates = {
                    "site": (site, partial(_request, call, site)),
                    "before": (before, partial(_request, call, before)),
                }
                if call == "figures":
                    ceilings = {_VIEW: partial(_get, "/constant", ceiling)}
                else:
                    ceilings = {
                        f"{_VIEW}, the same script": partial(_request, call, ceiling, path=_SAME[call]),
                        f"{_VIEW}, the least script": partial(_post, "/bare", ceiling),
                    }
                rates, costs = _in_turn(
                    store, call, candidates | {name: (ceiling, make) for name, make in ceilings.items()}
                )
                yield from _rows(call, fsync, list(ceilings), rates, costs)


def _rows(call: str, fsync: str, ceilings: list[str], rates: Rounds, costs: Rounds) -> Iterator[Row]:
    rate_bar, cost_bar = _BARS.get(call, ("≥1.5", ""))
    name = _NAMES[call] if call == "figures" else f"{_NAMES[call]}, {fsync}"
    for against, bar in zip(ceilings, (rate_bar, ""), strict=False):
        yield _row(name, rates, against, against, bar, text=per_second)
    for other, words, bar in (("before", "without the fast lane", cost_bar), *((name, name, "") for name in ceilings)):
        yield _row("  its processor time, all processes", costs, other, words, bar, text=_microseconds)
    yield _row("  its rate", rates, "before", "without the fast lane", "", text=per_second)


def _row(name: str, found: Rounds, other: str, words: str, bar: str, *, text: Callable[[float], str]) -> Row:
    """Medians of both sides; the ratio is the median of the rounds' ratios."""
    mine, theirs = found["site"], found[other]
    ratio = statistics.median(here / there for here, there in zip(mine, theirs, strict=True))
    return Row(name, text(statistics.median(mine)), words, text(statistics.median(theirs)), ratio, bar)


def _microseconds(found: float) -> str:
    return f"{found * 1e6:.0f} µs"


def _in_turn(
    store: str, call: str, candidates: Mapping[str, tuple[int, Callable[[int], Request]]]
) -> tuple[Rounds, Rounds]:
    """Requests a second, and seconds of processor time a request."""
    rates: Rounds = {name: [] for name in candidates}
    costs: Rounds = {name: [] for name in candidates}
    for turn in range(_ROUNDS + 1):
        for name, (port, make) in candidates.items():
            request = make(turn)
            before = processor_seconds(str(port), store)
            sent = load(port, request, seconds=_SECONDS, distinct=_DISTINCT[call])
            spent = processor_seconds(str(port), store) - before
            if turn and sent.bad:  # workers may still be starting in the first
                raise RuntimeError(f"{name}: {sent}")
            if turn:
                rates[name].append(sent.rate)
                costs[name].append(spent / sent.answers)
    return rates, costs


def _request(call: str, port: int, turn: int, *, path: str = "") -> Request:
    match call:
        case "visit":
            return _post(path or "/api/stats/visit", port, turn)
        case "code hit":
            return _post(path or "/api/analytics/qr?code=DEMO", port, turn)
        case "use":
            return _post(path or "/api/track-usage", port, turn, lambda _: b'{"tool":"payment-qr"}')
        case "receipt":
            receipts = [json.dumps({"receipt": sign_receipt(100)}).encode() for _ in range(_DISTINCT[call])]
            return _post(path or "/api/stats/qr", port, turn, receipts.__getitem__)
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
