"""The three public totals, kept in the process while they are fresh."""

from __future__ import annotations

from kv.errors import StoreUnavailable
from kv.process.threads import async_twin
from kv.store.connection import call
from kv.times import utc_now
from kv.web.last_known import LastKnown
from stats import keys
from stats.types import Figures

# Read again after this long; what is older than a minute is never given to the API.
FRESH_SECONDS = 5.0
OLDEST_SECONDS = 60.0
# After a failed read, pages show what is known for this long before one of them tries again.
_PAUSE_SECONDS = 1.0


_last_known: LastKnown[Figures] = LastKnown(
    away=(StoreUnavailable,), fresh=FRESH_SECONDS, oldest=OLDEST_SECONDS, pause=_PAUSE_SECONDS
)


def current_figures() -> Figures | None:
    """For pages: the totals, at most 5 s old while the store answers; the last known when it does not, or None."""
    try:
        return fresh_figures()[0]
    except StoreUnavailable:
        return _last_known.value


def fresh_figures() -> tuple[Figures, float]:
    """For the API: the totals and their age in seconds, under 60. Raises StoreUnavailable when none are so young."""
    return _last_known.get(read_figures)


def kept_figures() -> tuple[Figures, float] | None:
    """What `fresh_figures` would answer at once, and never asks the store; None when that would ask."""
    return _last_known.kept()


def read_figures() -> Figures:
    """The totals as the store has them now; one round trip. Raises StoreUnavailable."""
    visitors, qr_total, revenue = call("MGET", keys.visitors(), keys.qr_total(), keys.revenue())
    return Figures(int(visitors or 0), int(qr_total or 0), int(revenue or 0), utc_now())


aread_figures = async_twin(read_figures)


def note_visitors(visitors: int) -> None:
    """Take over a total that a write of this process just returned, so that its own next page shows it."""
    known = _last_known.value
    if known is not None and visitors > known.visitors:
        # `replace` is slow, and this runs with every visit.
        _last_known.amend(Figures(visitors, known.qr_total, known.revenue_cents, known.read_at))


def note_payment_codes(qr_total: int, revenue_cents: int) -> None:
    """As `note_visitors`, for payment codes."""
    known = _last_known.value
    if known is not None and qr_total > known.qr_total:
        _last_known.amend(Figures(known.visitors, qr_total, revenue_cents, known.read_at))


def forget_figures() -> None:
    """Read anew at the next use: after a reset, and between tests."""
    _last_known.forget()
