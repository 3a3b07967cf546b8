"""`record_hit` through the service against redis-py's bare `evalsha`; a repeat visit, which is one short script."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from django.test import RequestFactory, override_settings

from benchmarks.measure import Row, per_second, pinned, side_by_side
from benchmarks.store import fresh_store, plain_client, requests_read, server_pids
from codetags import keys
from codetags.services.hits import record_hit, record_hit_script
from codetags.views.api import HitView
from kv.days import local_day
from kv.web.addresses import address_hash

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_CALLS = 1500
_READY = 40_000


def run() -> Iterator[Row]:
    """A new visitor with each call, limits and backstop checked; the bare side's keys and arguments cost it nothing."""
    with fresh_store() as placed, override_settings(RATE_LIMITS={}):
        client: Any = plain_client(placed)
        sha = client.script_load(record_hit_script.source)
        today = local_day().isoformat()
        limits = (1000, 600_000_000, 2000, 600_000_000)
        ready: list[tuple[Any, ...]] = []
        for number in range(_READY):
            caller = address_hash(str(IPv4Address(0x0B000000 + number))).hex()[:32]
            names = keys.hit("DEMO", caller[:24], caller, today)
            arguments = ("DEMO", "DEMO", today, 600, 10_000, keys.OTHER, *limits, "", 0, "", "")
            ready.append((*names, *arguments, 5, 60, 8_640_000, 20_000, 90_000, "", 50, 20, "h12", "ddesktop"))
        number_of_keys = len(names)
        addresses = [str(IPv4Address(0x0C000000 + number)) for number in range(_READY)]
        candidates = {
            "ours": lambda number: record_hit(code="DEMO", address=addresses[number], agent=_AGENT),
            "theirs": lambda number: client.evalsha(sha, number_of_keys, *ready[number]),
        }
        with pinned(*server_pids()):
            rates = side_by_side(candidates, calls=_CALLS)
        yield Row(
            "codetags: record_hit",
            per_second(rates["ours"]),
            "redis-py evalsha of the same script",
            per_second(rates["theirs"]),
            rates["ours"] / rates["theirs"],
            "≥1.0",
        )
        yield _repeat_visits()


def _repeat_visits() -> Row:
    """Round trips of 1000 visits with the cookie: one each."""
    view = HitView.as_view()
    request = RequestFactory(headers={"User-Agent": _AGENT}).get("/api/analytics/qr", {"code": "DEMO"})
    request.COOKIES["qr_counted"] = "DEMO"
    view(request)  # connects
    before = requests_read()
    for _ in range(1000):
        if b'"counted":false' not in view(request).content:
            raise RuntimeError("a repeat visit was counted")
    asked = requests_read() - before
    return Row(
        "codetags: repeat visit with the cookie", f"{asked} round trips", "1000 visits", "1000", asked / 1000, "≤1.0"
    )
