"""Counted hits as events, at least once, from when on a receiver wants them."""

from __future__ import annotations

from codetags import keys
from codetags.conf import app_settings
from kv.events import emit, is_surely_wanted
from kv.models import OutgoingEvent
from kv.sql.transactions import atomic_for
from kv.store.connection import call, call_many, call_write
from kv.store.scripts import Script
from kv.times import from_ms

HIT = "code.hit"
#: Hits of one step.
STEP = 200

drop_emitted_script = Script("codetags", "drop_emitted")


def sync_wanted() -> bool:
    """Tell the script of a hit whether a receiver wants hits, if that has changed. Raises StoreUnavailable."""
    before = (call("HGET", keys.outbox_state(), "events") or b"").decode()
    is_wanted = is_surely_wanted(HIT, before=bool(before))
    wanted = str(app_settings.QR_ANALYTICS_EXTERNAL_MAX_WAITING) if is_wanted else ""
    if wanted != before:
        if wanted:
            call_write("HSET", keys.outbox_state(), "events", wanted)
        else:
            call_many([("HDEL", keys.outbox_state(), "events"), ("DEL", keys.outbox_events())])
    return bool(wanted)


def emit_hits() -> bool:
    """Emit the oldest hits, one step; True when more wait. Raises StoreUnavailable.

    A hit is dropped from the list after its event is in the database. When a process dies in between, the same event is
    emitted again, and is there already.
    """
    if not sync_wanted():
        return False
    entries: list[bytes] = call("LRANGE", keys.outbox_events(), 0, STEP - 1)
    if not entries:
        return False
    with atomic_for(OutgoingEvent):
        for entry in entries:
            code, at, total = entry.decode().rsplit(" ", 2)
            emit(HIT, {"code": code}, key=f"{code}:{at}:{total}", at=from_ms(int(at)))
    drop_emitted_script.run([keys.outbox_events()], entries)
    return len(entries) == STEP
