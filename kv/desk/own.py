"""The base package's part of the panel "Today": events to be sent, the background worker and the last backup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from kv import keys
from kv.conf import app_settings
from kv.desk.parts import Figure, Panel, admin_link
from kv.events.upkeep import count_events
from kv.models import EventReceiver, EventState
from kv.times import local_from_ms, utc_now
from kv.web.formats import format_ago, format_number
from kv.work.duties import installed_duties
from kv.work.states import ALIVE_SECONDS

#: A backup that is older than so many days deserves a look.
_OLD_DAYS = 2


def _commands() -> list[tuple[Any, ...]]:
    failures = [("HGET", keys.due(duty.name), "failures") for duty in installed_duties()]
    return [("ZRANGE", keys.workers(), -1, -1, "WITHSCORES"), ("GET", keys.backed_up()), *failures]


def _read(replies: Sequence[Any] | None) -> Iterator[Figure]:
    page = _metrics()
    if replies is None:
        yield Figure(_("Background worker"), url=page)
        yield Figure(_("Last backup"))
        return
    newest, backed_up, *failures = replies
    duties = installed_duties()
    failing = [duty.name for duty, count in zip(duties, failures, strict=True) if int(count or 0)]
    if duties:
        yield _worker(newest, failing, page)
    yield _backup(backed_up)


def _worker(newest: Any, failing: list[str], page: str) -> Figure:
    name = _("Background worker")
    # RESP3 answers with pairs.
    score = (newest[0][1] if isinstance(newest[0], list) else newest[1]) if newest else None
    if score is None:
        return Figure(name, _("stopped"), _("none for a day"), page, "error")
    seen = local_from_ms(int(float(score)))
    # By this machine's clock: for one that is some seconds off, the note tells.
    if (utc_now() - seen).total_seconds() > ALIVE_SECONDS:
        return Figure(name, _("stopped"), _ago(seen), page, "error")
    if failing:
        return Figure(name, _("running"), _("failing: %(names)s") % {"names": ", ".join(failing)}, page, "warning")
    return Figure(name, _("running"), url=page)


def _backup(at: bytes | None) -> Figure:
    name = _("Last backup")
    if at is None:
        return Figure(name, _("none yet"), _("made by kv_backup"), level="warning")
    made = local_from_ms(int(at))
    is_old = (utc_now() - made).days >= _OLD_DAYS
    return Figure(name, _ago(made), level="warning" if is_old else "")


def _ago(moment: datetime) -> str:
    return format_ago(max(utc_now() - moment, timedelta(seconds=1)))


def _metrics() -> str:
    try:
        return reverse("metrics")
    except NoReverseMatch:
        return ""


def _events(_replies: Sequence[Any] | None) -> Iterator[Figure]:
    counts = count_events()
    waiting, parked = counts.get(EventState.WAITING.value, 0), counts.get(EventState.PARKED.value, 0)
    if waiting or parked or EventReceiver.objects.exists():
        page = admin_link("kv.outgoingevent_changelist", query="state__exact=parked" if parked else "")
        note = _("%(parked)s parked") % {"parked": format_number(parked)} if parked else ""
        yield Figure(_("Events to be sent"), format_number(waiting), note, page, "warning" if parked else "")


PANELS = (
    Panel("kv.view_outgoingevent", order=60, read=_events),
    Panel(lambda: app_settings.METRICS_PERMISSION, order=90, commands=_commands, read=_read),
)
