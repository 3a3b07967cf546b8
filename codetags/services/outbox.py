"""The outbox of the outgoing webhook: counted hits, each posted at least once, in any order."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from codetags import keys
from codetags.conf import app_settings
from codetags.errors import UnsafeWebhookAddress, WebhookRefused, WebhookUnavailable
from codetags.services.outgoing_webhook import WebhookConnection
from codetags.types import Delivery, Event, OutboxState
from kv.events.backoff import doubled, jitter
from kv.store.connection import call_many, call_write
from kv.store.replies import pairs
from kv.store.scripts import Script
from kv.times import local_from_ms, to_ms, utc_now

log = logging.getLogger(__name__)

#: Hits of one step: few enough to stop soon, enough to be worth a connection.
STEP = 50
_LONGEST_PAUSE = 300.0

fail_event_script = Script("codetags", "fail_event")
settle_event_script = Script("codetags", "settle_event")
unpark_events_script = Script("codetags", "unpark_events")
pause_outbox_script = Script("codetags", "pause_outbox")


def deliver_events(*, now: datetime | None = None, even_if_paused: bool = False) -> Delivery:
    """Post the oldest waiting hits, one step. Only one process may call it at a time; the duty's lease ensures that.

    A hit is removed from the outbox after the receiver has answered 2xx. When a process dies in between, the hit is
    posted again. When the receiver is unavailable, all hits wait: longer each time, up to 300 s, with jitter. When it
    refuses one hit, that hit goes to the end. A hit that failed QR_ANALYTICS_EXTERNAL_MAX_TRIES times is parked.
    even_if_paused: try before the pause is over. Raises StoreUnavailable.
    """
    if not app_settings.QR_ANALYTICS_EXTERNAL_URL:
        return Delivery()
    entries, state = _read(STEP)
    _report_dropped(state)
    if not entries or (int(state.get("next", 0)) > to_ms(now or utc_now()) and not even_if_paused):
        return Delivery()
    sent = refused = parked = 0
    failures = int(state.get("failures", 0))
    try:
        with WebhookConnection() as connection:
            for event in map(read_event, entries):
                try:
                    connection.post(event)
                except WebhookRefused as error:
                    refused += 1
                    parked += _fail(event, str(error), behind=True)
                    continue
                except WebhookUnavailable as error:
                    parked += _fail(event, str(error), behind=False)
                    raise
                _settle(event)
                sent += 1
    except (WebhookUnavailable, UnsafeWebhookAddress) as error:
        log.warning("outgoing webhook: %s", error)
        _pause(1 if sent else failures + 1)
        return Delivery(sent, refused, parked, more=False, problem=str(error))
    if refused and not sent:
        _pause(failures + 1)
        return Delivery(sent, refused, parked, more=False, problem="the receiver refused every hit")
    if failures:
        call_write("HDEL", keys.outbox_state(), "failures", "next")
    return Delivery(sent, refused, parked, more=len(entries) == STEP)


def outbox_state() -> OutboxState:
    """The state of the outbox. One round trip. Raises StoreUnavailable."""
    outbox = keys.outbox()
    # A hit that the receiver refused is at the end.
    waiting, parked, fields, *ends = call_many(
        [
            *(("LLEN", outbox), ("LLEN", keys.outbox_parked()), ("HGETALL", keys.outbox_state())),
            *(("LINDEX", outbox, 0), ("LINDEX", outbox, -1)),
        ]
    )
    state = _decoded(fields)
    due = int(state.get("next", 0))
    return OutboxState(
        int(waiting),
        int(parked),
        int(state.get("dropped", 0)),
        int(state.get("failures", 0)),
        local_from_ms(due) if due else None,
        min((read_event(entry).at for entry in ends if entry), default=None),
    )


def unpark_events(*, most: int = 100_000) -> int:
    """Move up to `most` parked hits back to the outbox; returns how many. Raises StoreUnavailable."""
    return sum(_unparked(most))


def read_event(entry: bytes) -> Event:
    """Parse an entry of the outbox."""
    name, code, at = entry.decode().split(" ")
    return Event(name, code, local_from_ms(int(at)), entry)


def _unparked(most: int) -> Iterator[int]:
    left = most
    while left > 0:
        moved = int(
            unpark_events_script.run([keys.outbox_parked(), keys.outbox(), keys.outbox_state()], [min(left, 1000)])
        )
        if not moved:
            return
        left -= moved
        yield moved


def _read(step: int) -> tuple[list[bytes], dict[str, str]]:
    entries, fields = call_many([("LRANGE", keys.outbox(), 0, step - 1), ("HGETALL", keys.outbox_state())])
    return entries, _decoded(fields)


def _settle(event: Event) -> None:
    settle_event_script.run([keys.outbox(), keys.outbox_tries()], [event.entry, event.id])


def _fail(event: Event, why: str, *, behind: bool) -> int:
    names = [keys.outbox(), keys.outbox_tries(), keys.outbox_parked(), keys.outbox_state()]
    most, waiting = app_settings.QR_ANALYTICS_EXTERNAL_MAX_TRIES, app_settings.QR_ANALYTICS_EXTERNAL_MAX_WAITING
    reply = fail_event_script.run(names, [event.entry, event.id, most, "1" if behind else "", waiting])
    if reply[0] != b"parked":
        return 0
    log.error("outgoing webhook: hit %s is parked after %d tries (%s)", event.id, reply[1], why)
    return 1


def _pause(failures: int) -> None:
    pause = jitter(doubled(failures, first=1.0, longest=_LONGEST_PAUSE))
    pause_outbox_script.run([keys.outbox_state()], [failures, int(pause * 1000)])


def _report_dropped(state: dict[str, str]) -> None:
    dropped, reported = int(state.get("dropped", 0)), int(state.get("reported", 0))
    if dropped > reported:
        log.error("outgoing webhook: the outbox was full, %d of the oldest hits were dropped", dropped - reported)
        call_write("HSET", keys.outbox_state(), "reported", dropped)


def _decoded(fields: object) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in pairs(fields)}
