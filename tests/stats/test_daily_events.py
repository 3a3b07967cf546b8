"""Once a day an event with the figures of yesterday, in the site's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kv.models import OutgoingEvent
from stats.services.daily_events import emit_yesterday
from stats.services.usage import record_usage
from stats.services.visits import record_visit
from tests.kv.event_receiver import register

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_yesterday_is_told_of_once() -> None:
    register("https://example.com/", "stats.daily")
    for number in range(3):
        record_visit(address=f"10.0.0.{number}", now=NOON)
    record_usage(tool="payment-qr", now=NOON)
    record_visit(address="10.0.1.1", now=NOON + timedelta(days=1))
    for hours in (13, 14, 40):
        emit_yesterday(now=NOON + timedelta(hours=hours))
    first, second = OutgoingEvent.objects.order_by("pk")
    assert first.data == {
        "date": "2026-03-04", "visitors": 3, "visits": 3, "payment_codes": 0, "amount_cents": 0, "currency": "EUR",
        "tools": {"payment-qr": 1},
    }  # fmt: skip
    assert second.data["date"] == "2026-03-05"


def test_without_a_receiver_the_store_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("stats.services.daily_events.list_days", refuse)
    emit_yesterday()
    assert not OutgoingEvent.objects.exists()
