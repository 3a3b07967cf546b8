"""The metrics of the base package: build, requests, store, database, duties, workers and events out."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterator, Sequence

import django
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from kv.events.upkeep import count_events, oldest_waiting
from kv.models import EventState
from kv.monitoring.collectors import DATABASE, PREFIX, STORE, Collector
from kv.monitoring.counts import BUCKETS, Latency, request_counts
from kv.process.version import package_version
from kv.store.health import StoreHealth
from kv.store.node_health import NodeHealth
from kv.times import utc_now
from kv.work.duties import installed_duties
from kv.work.states import read_duties, read_workers

_BOUNDS = [*(str(bound) for bound in BUCKETS), "+Inf"]


def collect_build() -> Iterator[Metric]:
    """The versions of what runs."""
    versions = {"version": package_version(), "python": platform.python_version(), "django": django.__version__}
    build = GaugeMetricFamily(f"{PREFIX}_build_info", "Versions of what runs.", labels=list(versions))
    build.add_metric(list(versions.values()), 1)
    yield build


def collect_requests() -> Iterator[Metric]:
    """Requests of all web processes of this machine, since its counts began."""
    requests = CounterMetricFamily(
        f"{PREFIX}_http_requests", "Requests that have their response.", labels=["method", "route", "status"]
    )
    by_route: dict[tuple[str, str], Latency] = defaultdict(Latency)
    for (method, route, status), latency in sorted(request_counts().read().items()):
        requests.add_metric([method, route, str(status)], latency.count)
        by_route[route, str(status)].add((*latency.counts, latency.microseconds))
    yield requests
    seconds = HistogramMetricFamily(
        f"{PREFIX}_http_request_duration_seconds", "From arrival to response.", labels=["route", "status"]
    )
    for labels, latency in by_route.items():
        seconds.add_metric(list(labels), _cumulative(latency.counts), latency.microseconds / 1e6)
    yield seconds


def store_metrics(health: StoreHealth, nodes: Sequence[NodeHealth]) -> Iterator[Metric]:
    """What was measured of the store."""
    yield GaugeMetricFamily(f"{PREFIX}_store_writable", "Whether the store takes writes.", value=health.ok)
    yield GaugeMetricFamily(
        f"{PREFIX}_store_write_seconds", "How long a write took that changes nothing.", value=health.milliseconds / 1000
    )
    up = GaugeMetricFamily(f"{PREFIX}_store_up", "Whether the node answers.", labels=["node", "role"])
    for node in nodes:
        up.add_metric([node.name, node.role], node.ok)
    yield up
    yield _by_node("ping_seconds", "One round trip.", {node.name: node.seconds for node in nodes})
    yield _by_node("memory_bytes", "Memory that the data takes.", {node.name: node.memory for node in nodes})
    yield _by_node("clients", "Open connections.", {node.name: node.clients for node in nodes})
    yield _by_node("replicas", "Connected replicas.", {node.name: node.replicas for node in nodes})
    yield _by_node(
        "persistence_ok",
        "Whether the last write to the append-only file succeeded.",
        {node.name: node.persistent for node in nodes},
    )


def collect_duties() -> Iterator[Metric]:
    """Each duty: its last and next run, failures and lease."""
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        "last": GaugeMetricFamily(f"{PREFIX}_duty_last_run_timestamp_seconds", "When it last ran.", labels=["duty"]),
        "next": GaugeMetricFamily(f"{PREFIX}_duty_next_run_timestamp_seconds", "When it is due.", labels=["duty"]),
        "every": GaugeMetricFamily(f"{PREFIX}_duty_interval_seconds", "From run to run.", labels=["duty"]),
        "lease": GaugeMetricFamily(f"{PREFIX}_duty_lease_seconds", "Its lease; 0: nobody runs it.", labels=["duty"]),
        "row": GaugeMetricFamily(f"{PREFIX}_duty_consecutive_failures", "Failures in a row.", labels=["duty"]),
        "runs": CounterMetricFamily(f"{PREFIX}_duty_runs", "Steps that ended.", labels=["duty"]),
        "failed": CounterMetricFamily(f"{PREFIX}_duty_failures", "Steps that failed.", labels=["duty"]),
    }
    for state in read_duties(installed_duties()):
        values = {
            "last": state.last.timestamp() if state.last else None,
            "next": state.next.timestamp() if state.next else None,
            "every": state.duty.every,
            "lease": state.lease,
            "row": state.failures,
            "runs": state.runs,
            "failed": state.failed,
        }
        for name, value in values.items():
            if value is not None:
                families[name].add_metric([state.duty.name], value)
    yield from families.values()


def collect_workers() -> Iterator[Metric]:
    """The background workers."""
    workers = read_workers()
    yield GaugeMetricFamily(f"{PREFIX}_workers", "Background workers that are alive.", value=workers.alive)
    if workers.seen:
        yield GaugeMetricFamily(
            f"{PREFIX}_worker_last_seen_timestamp_seconds",
            "When a background worker was last alive.",
            value=workers.seen.timestamp(),
        )


def collect_events() -> Iterator[Metric]:
    """Events out that are not delivered."""
    counts = count_events()
    events = GaugeMetricFamily(f"{PREFIX}_events", "Events for other systems by state.", labels=["state"])
    for state in (EventState.WAITING, EventState.PARKED):
        events.add_metric([state.value], counts.get(state.value, 0))
    yield events
    oldest = oldest_waiting()
    age = (utc_now() - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily(
        f"{PREFIX}_events_oldest_age_seconds", "Age of the oldest event that waits.", value=max(age, 0)
    )


#: Collectors that need what is measured first.
COLLECTORS = (
    Collector("build", (), collect_build),
    Collector("requests", (), collect_requests),
    Collector("duties", (STORE,), collect_duties),
    Collector("workers", (STORE,), collect_workers),
    Collector("events", (DATABASE,), collect_events),
)


def _by_node(name: str, text: str, values: dict[str, float | None]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_store_{name}", text, labels=["node"])
    for node, value in values.items():
        if value is not None:
            family.add_metric([node], value)
    return family


def _cumulative(counts: Sequence[int]) -> list[tuple[str, float]]:
    return [(bound, sum(counts[: place + 1])) for place, bound in enumerate(_BOUNDS)]
