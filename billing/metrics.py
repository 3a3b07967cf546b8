"""The app's part of /metrics: see kv.monitoring.collectors."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from billing.services.inbox import count_events, oldest_waiting
from billing.types import EventState
from kv.monitoring.collectors import DATABASE, PREFIX, Collector


def collect_inbox() -> Iterator[Metric]:
    """Stripe's events by state, and how long the oldest has waited."""
    counts = count_events()
    events = GaugeMetricFamily(f"{PREFIX}_inbox_events", "Stripe's events by state.", labels=["state"])
    for state in EventState:
        events.add_metric([state.value], counts.get(state.value, 0))
    yield events
    oldest = oldest_waiting()
    age = (timezone.now() - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(f"{PREFIX}_inbox_oldest_age_seconds", "Age of the oldest waiting event.", value=max(age, 0))


COLLECTORS = (Collector("inbox", (DATABASE,), collect_inbox),)
