"""The totals as counters, which never go down: what was changed by hand, or taken away by a reset, stands apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kv.store.scripts import Script
from stats import keys
from stats.conf import app_settings

read_counters_script = Script("stats", "read_counters")


class Counter(NamedTuple):
    """counted: everything that was ever counted. adjusted: the sum of all changes by hand; a reset is one of them."""

    counted: int
    adjusted: int


def read_counters() -> dict[str, Counter]:
    """`visitors`, `qr_total` and `revenue_cents` (EUR cents). One round trip. Raises StoreUnavailable."""
    totals = {"visitors": keys.visitors(), "qr_total": keys.qr_total(), "revenue_cents": keys.revenue()}
    return _read(keys.adjustments(), totals)


def read_usage_counters() -> dict[str, Counter]:
    """Uses of each tool in STATS_TOOLS. One round trip. Raises StoreUnavailable."""
    totals = {tool: keys.usage(tool) for tool in app_settings.STATS_TOOLS}
    return _read(keys.usage_adjustments(), totals) if totals else {}


def _read(adjustments: str, totals: Mapping[str, str]) -> dict[str, Counter]:
    found = [int(value) for value in read_counters_script.read([adjustments, *totals.values()], [*totals])]
    pairs = zip(found[::2], found[1::2], strict=True)
    return {name: Counter(total - adjusted, adjusted) for name, (total, adjusted) in zip(totals, pairs, strict=True)}
