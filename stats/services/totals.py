"""The totals by name, changed by hand or cleared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction

from kv.connection import connection
from kv.errors import store_errors
from kv.scripts import Script
from stats import keys
from stats.conf import app_settings
from stats.errors import BadAdjustment
from stats.models import Adjustment
from stats.services import figures
from stats.services.qr_codes import LARGEST_TOTAL

FIGURES = ("visitors", "qr_total", "revenue_cents")
_BATCH = 500

adjust_figure_script = Script("stats", "adjust_figure")


def total_key(figure: str) -> str:
    """The key of `visitors`, `qr_total`, `revenue_cents` or `usage:<tool>`. Raises BadAdjustment for any other."""
    if figure.startswith("usage:"):
        tool = figure.removeprefix("usage:")
        if tool not in app_settings.STATS_TOOLS:
            raise BadAdjustment(f"{tool} is not in STATS_TOOLS")
        return keys.usage(tool)
    builders = {"visitors": keys.visitors, "qr_total": keys.qr_total, "revenue_cents": keys.revenue}
    if figure not in builders:
        raise BadAdjustment(f"{figure} is none of {', '.join(FIGURES)}, usage:<tool>")
    return builders[figure]()


def adjust_figure(*, figure: str, delta: int, reason: str, actor: Any = None) -> Adjustment:
    """Change a total by `delta` and keep why, or do neither.

    Raises BadAdjustment when the total would leave 0 … 2^53 - 1, StoreUnavailable.
    """
    key = total_key(figure)
    if abs(delta) > LARGEST_TOTAL:
        raise BadAdjustment(f"{delta:+d} is more than any total can be")
    # The row first: should the store refuse, it goes again; a total never changes without its reason.
    with transaction.atomic():
        row = Adjustment.objects.create(figure=figure, delta=delta, total=0, reason=reason, actor=actor)
        status, total = adjust_figure_script.run([key], [delta, LARGEST_TOTAL])
        if status != b"ok":
            raise BadAdjustment(f"{figure} is {int(total)}; {delta:+d} would leave the possible totals")
        row.total = int(total)
        row.save(update_fields=["total"])
    figures.forget_figures()
    return row


def count_keys() -> int:
    """How many keys a reset would remove."""
    return sum(1 for _ in _all_keys())


def reset_figures() -> Iterator[int]:
    """Remove every count, mark and series; yields how many keys went with each batch. May be run again after a stop."""
    client = connection()
    with store_errors():
        batch: list[bytes] = []
        for key in _all_keys():
            batch.append(key)
            if len(batch) >= _BATCH:
                yield _unlink(client, batch)
                batch = []
        if batch:
            yield _unlink(client, batch)
    figures.forget_figures()


def _all_keys() -> Iterator[bytes]:
    client = connection()
    with store_errors():
        for glob in (keys.family(), keys.usage_family()):
            yield from client.scan_iter(match=glob, count=1000)


def _unlink(client: Any, batch: Iterable[bytes]) -> int:
    # Both families have a slot each, and a batch may hold keys of both: one command for each key, sent together.
    names = list(batch)
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.unlink(name)
    pipeline.execute()
    return len(names)
