"""The totals by name: adjust one by hand, or reset all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from kv.errors import store_errors
from kv.process.threads import async_twin
from kv.sql.batches import in_batches
from kv.sql.transactions import atomic_for
from kv.store.connection import connection
from kv.store.numbers import LARGEST_WHOLE
from kv.store.scripts import Script
from stats import keys
from stats.conf import app_settings
from stats.errors import BadAdjustment
from stats.models import Adjustment
from stats.services import figures, history

FIGURES = ("visitors", "qr_total", "revenue_cents")
_CONFLICT = "this id belongs to another change"

adjust_figure_script = Script("stats", "adjust_figure")
reset_total_script = Script("stats", "reset_total")


def total_key(figure: str) -> str:
    """The key of `visitors`, `qr_total`, `revenue_cents` or `usage:<tool>`. Raises BadAdjustment for any other."""
    if figure.startswith("usage:"):
        tool = figure.removeprefix("usage:")
        if tool not in app_settings.STATS_TOOLS:
            raise BadAdjustment(f"{tool} is not in STATS_TOOLS")
        return keys.usage(tool)
    builders = {"visitors": keys.visitors, "qr_total": keys.qr_total, "revenue_cents": keys.revenue}
    if figure not in builders:
        raise BadAdjustment(f"{figure} is not one of {', '.join(FIGURES)}, usage:<tool>")
    return builders[figure]()


def adjust_figure(*, figure: str, delta: int, reason: str, id: str, actor: Any = None) -> Adjustment:  # noqa: A002 (the field's word)
    """Change a total by `delta` and log the reason, or do neither. Once for each id (1 to 64 characters).

    After an error of the store or the database the total may be changed without its row. The same call with the same
    id within 30 days then writes the row, and does not change the total again.
    Raises BadAdjustment when the total would leave 0 … 2^53 - 1 or the id belongs to another change, StoreUnavailable.
    """
    key = total_key(figure)
    if abs(delta) > LARGEST_WHOLE:
        raise BadAdjustment(f"{delta:+d} is larger than the largest possible total")
    values = {"figure": figure, "delta": delta, "total": 0, "reason": reason, "actor": actor}
    # The row first: if the store refuses, the transaction removes it. So a changed total always has its reason.
    with atomic_for(Adjustment):
        row, is_new = Adjustment.objects.get_or_create(idempotency_key=id, defaults=values)
        if is_new:
            row.total = _change(key, id, figure, delta)
            row.save(update_fields=["total"])
        elif (row.figure, row.delta) != (figure, delta):
            raise BadAdjustment(_CONFLICT)
    figures.forget_figures()
    return row


aadjust_figure = async_twin(adjust_figure, uses_database=True)


def _change(key: str, adjustment_id: str, figure: str, delta: int) -> int:
    of_usage = figure.startswith("usage:")
    mark = keys.usage_adjusted if of_usage else keys.adjusted
    adjustments = keys.usage_adjustments() if of_usage else keys.adjustments()
    digest = hashlib.sha256(adjustment_id.encode()).hexdigest()[:32]
    status, *total = adjust_figure_script.run(
        [key, mark(digest), adjustments],
        [delta, LARGEST_WHOLE, keys.ADJUSTED_SECONDS, f"{figure} {delta:+d}", figure.removeprefix("usage:")],
    )
    match status:
        case b"ok":
            return int(total[0])
        case b"refused":
            raise BadAdjustment(f"{figure} is {int(total[0])}; {delta:+d} would make it negative or too large")
        case _:
            raise BadAdjustment(_CONFLICT)


def count_keys() -> int:
    """How many keys a reset would remove."""
    return sum(1 for _ in _all_keys())


def reset_figures() -> Iterator[int]:
    """Remove every key of the statistics; yields the number removed with each batch. May be repeated.

    What is taken away is noted as an adjustment: counters of metrics stay as they are.
    """
    client = connection()
    with store_errors():
        yield sum(_reset_totals())
        for batch in in_batches(_all_keys()):
            yield _unlink(client, batch)
    figures.forget_figures()
    history.forget_history()


def _reset_totals() -> Iterator[int]:
    for figure in FIGURES:
        yield int(reset_total_script.run([total_key(figure), keys.adjustments()], [figure]))
    for tool in app_settings.STATS_TOOLS:
        yield int(reset_total_script.run([keys.usage(tool), keys.usage_adjustments()], [tool]))


def _all_keys() -> Iterator[bytes]:
    client = connection()
    kept = {keys.adjustments().encode(), keys.usage_adjustments().encode()}
    with store_errors():
        for glob in (keys.family(), keys.usage_family()):
            yield from (key for key in client.scan_iter(match=glob, count=1000) if key not in kept)


def _unlink(client: Any, batch: list[bytes]) -> int:
    # Both families have a slot each, and a batch may hold keys of both: one command for each key, sent together.
    pipeline = client.pipeline(transaction=False)
    for name in batch:
        pipeline.unlink(name)
    pipeline.execute()
    return len(batch)
