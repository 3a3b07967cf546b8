"""What pages of the admin say about codes: why one is not counted now, and why calls were not."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from codetags.types import DayCount, Excluded, Reason, RegisteredCode
from kv.days import local_day


def state_of(code: RegisteredCode | None) -> str:
    """Why a code of the registry is not counted now; "" when it is."""
    today = local_day()
    if code is None:
        return ""
    if code.counts_for:
        return _("counts for {code}").format(code=code.counts_for)
    if code.is_archived:
        return _("archived")
    if code.start and today < code.start:
        return _("not yet begun")
    if code.end and today > code.end:
        return _("ended")
    return ""


def _reasons() -> dict[Reason, str]:
    return {
        Reason.REPEAT: _("Repeats: looked like a visitor who had been counted"),
        Reason.LIMITED: _("Over the limit of one address"),
        Reason.BOT: _("Bots and programs"),
        Reason.STAFF: _("Staff"),
        Reason.PREFETCH: _("Pages loaded in advance"),
        Reason.CROSS_SITE: _("Requests from other sites"),
        Reason.OUTSIDE: _("Outside the dates of the code"),
        Reason.UNREADABLE: _("Links without a readable code"),
    }


def totals_of(counts: Excluded) -> list[tuple[str, int]]:
    """For each reason its label and the calls."""
    labels = _reasons()
    return [(labels[reason], count) for reason, count in counts.items()]


def excluded_rows(ever: Excluded, days: Sequence[DayCount]) -> list[tuple[str, int, int]]:
    """For each reason its label, the calls of the days, and those of all time."""
    labels = _reasons()
    return [(labels[reason], sum(day.excluded[reason] for day in days), count) for reason, count in ever.items()]
