"""The three public totals, kept in the process while they are fresh."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from django.core.signals import setting_changed
from django.utils import timezone

from kv.errors import StoreUnavailable
from kv.store.connection import call
from stats import keys
from stats.types import Figures

# Read again after this long; what is older than a minute is never given to the API.
FRESH_SECONDS = 5.0
OLDEST_SECONDS = 60.0
# After a failed read, pages show what is known for this long before one of them tries again.
_PAUSE_SECONDS = 1.0


class _Kept:
    """The last figures read by this process, and when, by the monotonic clock."""

    def __init__(self) -> None:
        self.figures: Figures | None = None
        self.read_at = float("-inf")
        self.failed_at = float("-inf")
        self.reading = threading.Lock()


_kept = _Kept()


def current_figures() -> Figures | None:
    """For pages: the totals, at most 5 s old while the store answers; the last known when it does not, or None."""
    try:
        return fresh_figures()[0]
    except StoreUnavailable:
        return _kept.figures


def fresh_figures() -> tuple[Figures, float]:
    """For the API: the totals and their age in seconds, under 60. Raises StoreUnavailable when none are so young."""
    age = time.monotonic() - _kept.read_at
    if age < FRESH_SECONDS and _kept.figures is not None:
        return _kept.figures, age
    # One thread reads anew; meanwhile the others take what is there, if it is not too old.
    may_wait = age < OLDEST_SECONDS and _kept.figures is not None
    if _kept.reading.acquire(blocking=not may_wait):
        try:
            _read_anew()
        finally:
            _kept.reading.release()
    age = time.monotonic() - _kept.read_at
    if _kept.figures is None or age >= OLDEST_SECONDS:
        raise StoreUnavailable("figures")
    return _kept.figures, age


def read_figures() -> Figures:
    """The totals as the store has them now; one round trip. Raises StoreUnavailable."""
    visitors, qr_total, revenue = call("MGET", keys.visitors(), keys.qr_total(), keys.revenue())
    return Figures(int(visitors or 0), int(qr_total or 0), int(revenue or 0), timezone.now())


def note_visitors(visitors: int) -> None:
    """Take over a total that a write of this process just returned, so that its own next page shows it."""
    known = _kept.figures
    if known is not None and visitors > known.visitors:
        _kept.figures = replace(known, visitors=visitors)


def note_payment_codes(qr_total: int, revenue_cents: int) -> None:
    """As `note_visitors`, for payment codes."""
    known = _kept.figures
    if known is not None and qr_total > known.qr_total:
        _kept.figures = replace(known, qr_total=qr_total, revenue_cents=revenue_cents)


def forget_figures() -> None:
    """Read anew at the next use: after a reset, and between tests."""
    _kept.figures = None
    _kept.read_at = _kept.failed_at = float("-inf")


def _read_anew() -> None:
    now = time.monotonic()
    if now - _kept.read_at < FRESH_SECONDS:
        return  # another thread just did
    if now - _kept.failed_at < _PAUSE_SECONDS:
        if _kept.figures is None or now - _kept.read_at >= OLDEST_SECONDS:
            raise StoreUnavailable("figures")
        return
    try:
        _kept.figures = read_figures()
    except StoreUnavailable:
        _kept.failed_at = time.monotonic()
        if _kept.figures is None or now - _kept.read_at >= OLDEST_SECONDS:
            raise
        return
    # From before the read, so that the age is never told too young.
    _kept.read_at = now


setting_changed.connect(lambda **_: forget_figures(), weak=False)
