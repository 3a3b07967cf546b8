"""Which transactions the history shows: `?kind=spent&month=2026-11`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

#: What a reader can choose, with the types of journal entries that it stands for.
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "spent": ("spend", "hold", "capture", "release", "hold_expired", "reverse"),
    "received": ("allowance", "rollover", "grant", "restore", "unfreeze"),
    "lost": ("expire", "refund", "freeze"),
    "corrected": ("adjust", "reset"),
})  # fmt: skip
_NAMES = {
    "spent": _("Spent and held"),
    "received": _("Received"),
    "lost": _("Expired or taken back"),
    "corrected": _("Corrected by hand"),
}
#: Months that the filter lists at most.
_MONTHS = 60
_EARLIEST = 1970


class HistoryFilter:
    """The kind and the month asked for; what can't be read is left out.

    kind: a name of KINDS, "" = all. month: "YYYY-MM", "" = all. first, last: the days of the month, None = no bound.
    """

    def __init__(self, query: Mapping[str, str], today: date, begins: date | None = None) -> None:
        asked = query.get("kind", "")
        self.kind = asked if asked in KINDS else ""
        self.types = KINDS.get(self.kind, ())
        self._today, self._begins = today, begins
        self.first = _first_of_month(query.get("month", ""), today)
        self.last = _next_month(self.first) - timedelta(days=1) if self.first else None
        self.month = f"{self.first:%Y-%m}" if self.first else ""

    @property
    def is_active(self) -> bool:
        """Whether anything is left out."""
        return bool(self.kind or self.month)

    @property
    def query(self) -> str:
        """The query of the filter, "" for none."""
        return urlencode({name: value for name, value in (("kind", self.kind), ("month", self.month)) if value})

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Each kind with its name."""
        return [(kind, str(name)) for kind, name in _NAMES.items()]

    @cached_property
    def months(self) -> list[tuple[str, str]]:
        """Each month from this one back to the first with a transaction, and the one asked for, with its name."""
        month, months = self._today.replace(day=1), list[date]()
        begins = (self._begins or self._today - timedelta(days=365)).replace(day=1)
        while month >= begins and len(months) < _MONTHS:
            months.append(month)
            month = (month - timedelta(days=1)).replace(day=1)
        if self.first and self.first not in months:
            months.append(self.first)
        return [(f"{month:%Y-%m}", date_format(month, "YEAR_MONTH_FORMAT")) for month in months]


def _first_of_month(text: str, today: date) -> date | None:
    try:
        first = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 (a month has no zone)
    except ValueError:
        return None
    return first if first.year >= _EARLIEST and first <= today else None


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
