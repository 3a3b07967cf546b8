"""The app's part of /metrics: see kv.monitoring.collectors."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from kv.monitoring.collectors import PREFIX, STORE, Collector
from stats.services import series
from stats.services.counters import read_counters, read_usage_counters

_TEXTS = {
    "visitors": ("visitors", "Unique visitors."),
    "qr_total": ("payment_codes", "Payment codes made."),
    "revenue_cents": ("revenue_cents", "EUR cents on payment codes."),
}


def collect() -> Iterator[Metric]:
    """Totals as counters; what was changed by hand or taken away by resets as a gauge; what was left out today."""
    adjustments = GaugeMetricFamily(
        f"{PREFIX}_adjustments", "Sum of changes by hand and by resets; not part of the counters.", labels=["figure"]
    )
    for figure, counter in read_counters().items():
        name, text = _TEXTS[figure]
        yield CounterMetricFamily(f"{PREFIX}_{name}", text, value=counter.counted)
        adjustments.add_metric([figure], counter.adjusted)
    uses = CounterMetricFamily(f"{PREFIX}_tool_uses", "Uses of a tool.", labels=["tool"])
    for tool, counter in read_usage_counters().items():
        uses.add_metric([tool], counter.counted)
        adjustments.add_metric([f"usage:{tool}"], counter.adjusted)
    yield uses
    yield adjustments
    (today,) = series.list_days(days=1)
    excluded = GaugeMetricFamily(f"{PREFIX}_left_out_today", "Visits not counted today.", labels=["reason"])
    for reason, count in today.excluded.items():
        excluded.add_metric([reason], count)
    yield excluded


COLLECTORS = (Collector("stats", (STORE,), collect),)
