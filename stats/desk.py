"""The app's part of the panel "Today" on the admin's index: see kv.desk.parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kv.days import local_day
from kv.desk.parts import Figure, Panel, admin_link
from kv.web.formats import format_money, format_number
from stats import keys


def _commands() -> list[tuple[Any, ...]]:
    today = local_day()
    return [
        ("PFCOUNT", keys.day_uniques(today)),
        ("PFCOUNT", keys.day_uniques(today - timedelta(days=1))),
        ("HMGET", keys.day(today), "qr", "revenue"),
    ]


def _read(replies: Sequence[Any] | None) -> Iterator[Figure]:
    page = admin_link("stats.statistics_changelist")
    if replies is None:
        yield Figure(_("Visitors"), url=page)
        yield Figure(_("Amount on payment codes"), url=page)
        return
    today, yesterday, (codes, cents) = replies
    note = _("%(count)s yesterday") % {"count": format_number(yesterday)}
    yield Figure(_("Visitors"), format_number(today), note, page)
    count = int(codes or 0)
    note = ngettext("%(count)s payment code", "%(count)s payment codes", count) % {"count": format_number(count)}
    yield Figure(_("Amount on payment codes"), format_money(int(cents or 0), "EUR"), note, page)


PANELS = (Panel("stats.view_statistics", order=10, commands=_commands, read=_read),)
