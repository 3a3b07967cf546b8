"""The app's part of the panel "Today" on the admin's index: see kv.desk.parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from codetags import keys
from codetags.services.column_format import LANE_BYTES, free_slots, sum_columns
from kv.days import local_day
from kv.desk.parts import Figure, Panel, admin_link
from kv.web.formats import format_number


def _commands() -> list[tuple[Any, ...]]:
    today = local_day()
    days = [("GET", keys.column(day.isoformat())) for day in (today, today - timedelta(days=1))]
    return [("GET", keys.names()), *days]


def _read(replies: Sequence[Any] | None) -> Iterator[Figure]:
    day = local_day().isoformat()
    page = admin_link("codetags.codecount_changelist", query=f"since={day}&until={day}")
    if replies is None:
        yield Figure(_("Hits of campaign codes"), url=page)
        return
    names, *columns = replies
    today, yesterday = (_hits(column or b"", names or b"") for column in columns)
    note = _("%(count)s yesterday") % {"count": format_number(yesterday)}
    yield Figure(_("Hits of campaign codes"), format_number(today), note, page)


def _hits(column: bytes, names: bytes) -> int:
    """The hits of all codes on a day. A slot that a reset has freed keeps its old number."""
    counts = sum_columns([column], len(column) // LANE_BYTES)
    return sum(counts) - sum(counts[slot] for slot in free_slots(names) if slot < len(counts))


PANELS = (Panel("codetags.view_counts", order=20, commands=_commands, read=_read),)
