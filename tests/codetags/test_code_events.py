"""Counted hits are events, while a receiver wants them, beside the outgoing webhook."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from codetags import keys
from codetags.services import code_events, outbox
from codetags.services.code_events import emit_hits, sync_wanted
from kv.models import OutgoingEvent
from tests.codetags.test_outbox import record, settings_of
from tests.kv.event_receiver import register

pytestmark = pytest.mark.django_db
URL = "https://example.com/"


@pytest.fixture(autouse=True)
def unlimited(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None


def test_each_counted_hit_is_an_event() -> None:
    register(URL, "code.hit")
    sync_wanted()
    record(3)
    record(1)  # seen before: not counted
    assert emit_hits() is False
    assert list(OutgoingEvent.objects.values_list("type", "data")) == [("code.hit", {"code": "DEMO"})] * 3
    assert emit_hits() is False
    assert OutgoingEvent.objects.count() == 3


def test_many_are_emitted_in_steps() -> None:
    register(URL, "code.hit")
    sync_wanted()
    record(code_events.STEP + 1)
    assert emit_hits() is True
    assert emit_hits() is False
    assert OutgoingEvent.objects.count() == code_events.STEP + 1


def test_a_worker_that_died_before_it_dropped_them_emits_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    register(URL, "code.hit")
    sync_wanted()
    record(3)
    with monkeypatch.context() as patch:
        patch.setattr(code_events.drop_emitted_script, "run", lambda *_: 0)
        emit_hits()
    emit_hits()
    assert OutgoingEvent.objects.count() == 3


def test_of_two_workers_none_drops_what_it_has_not_read(store: Any) -> None:
    register(URL, "code.hit")
    sync_wanted()
    record(3)
    entries = store.lrange(keys.outbox_events(), 0, -1)
    assert [code_events.drop_emitted_script.run([keys.outbox_events()], entries[:2]) for _ in range(2)] == [2, 0]
    assert store.lrange(keys.outbox_events(), 0, -1) == entries[2:]


def test_without_a_receiver_nothing_is_kept(store: Any) -> None:
    record(2)
    assert emit_hits() is False
    assert store.exists(keys.outbox_events(), keys.outbox_state()) == 0
    row = register(URL, "code.hit")
    sync_wanted()
    record(2, first=2)
    row.delete()
    assert emit_hits() is False
    assert store.exists(keys.outbox_events(), keys.outbox_state()) == 0
    record(2, first=4)
    assert store.exists(keys.outbox_events()) == 0


def test_the_list_is_bounded(store: Any, settings: Any) -> None:
    settings.QR_ANALYTICS_EXTERNAL_MAX_WAITING = 2
    register(URL, "code.hit")
    sync_wanted()
    record(5)
    assert store.llen(keys.outbox_events()) == 2


def test_a_hit_goes_to_both_where_both_are_set_up() -> None:
    register(URL, "code.hit")
    sync_wanted()
    with override_settings(**settings_of("http://127.0.0.1:9/")):
        record(2)
        emit_hits()
        assert outbox.outbox_state().waiting == 2
    assert OutgoingEvent.objects.count() == 2
