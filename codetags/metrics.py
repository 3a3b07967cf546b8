"""The app's part of /metrics: see kv.monitoring.collectors."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from codetags.services.excluded_hits import count_excluded
from codetags.services.outbox import outbox_state
from kv.monitoring.collectors import PREFIX, STORE, Collector


def collect_excluded() -> Iterator[Metric]:
    """Landings that were not counted."""
    missed = CounterMetricFamily(
        f"{PREFIX}_code_hits_left_out", "Landings with a campaign code not counted.", labels=["reason"]
    )
    for reason, count in count_excluded().items():
        missed.add_metric([reason.value], count)
    yield missed


def collect_outbox() -> Iterator[Metric]:
    """Hits that are still to be posted to the outgoing webhook."""
    state = outbox_state()
    events = GaugeMetricFamily(f"{PREFIX}_outbox_events", "Hits of the outgoing webhook.", labels=["state"])
    events.add_metric(["waiting"], state.waiting)
    events.add_metric(["parked"], state.parked)
    events.add_metric(["dropped"], state.dropped)
    yield events
    age = (timezone.now() - state.oldest).total_seconds() if state.oldest else 0.0
    yield GaugeMetricFamily(f"{PREFIX}_outbox_oldest_age_seconds", "Age of the oldest waiting hit.", value=max(age, 0))
    yield GaugeMetricFamily(
        f"{PREFIX}_outbox_consecutive_failures", "Failed deliveries in a row.", value=state.failures
    )


COLLECTORS = (
    Collector("codetags", (STORE,), collect_excluded),
    Collector("outbox", (STORE,), collect_outbox),
)
