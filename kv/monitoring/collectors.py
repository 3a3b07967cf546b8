"""What an app adds to /metrics in its `metrics.py`: `COLLECTORS = (Collector("stats", needs=(STORE,), collect=…), …)`.

A collector that fails, or whose store is away, is left out, and said so: the others are still shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from logging import getLogger

from django.apps import apps
from django.db import DatabaseError, InterfaceError
from django.utils.module_loading import module_has_submodule
from prometheus_client.core import GaugeMetricFamily, Metric

from kv.errors import StoreUnavailable

log = getLogger(__name__)

#: How every name begins.
PREFIX = "countinghouse"
#: What a collector may need.
STORE, DATABASE = "store", "database"


@dataclass(frozen=True)
class Collector:
    """name: unique in the project. needs: STORE, DATABASE. collect: the metrics, read within one or two round trips.

    Names follow Prometheus: base units, `_total` for what only grows. Labels are bounded, and hold nothing private.
    """

    name: str
    needs: tuple[str, ...]
    collect: Callable[[], Iterable[Metric]]


def installed_collectors() -> Iterator[Collector]:
    """Those of every installed app but the base package."""
    for config in apps.get_app_configs():
        if config.name != "kv" and module_has_submodule(config.module, "metrics"):
            yield from import_module(f"{config.name}.metrics").COLLECTORS


def collect_all(collectors: Iterable[Collector], *, away: frozenset[str]) -> Iterator[Metric]:
    """The metrics of all, and for each collector whether it could read them. away: what is known not to answer.

    A store that goes away meanwhile costs one timeout, not one for each collector.
    """
    success = GaugeMetricFamily(
        f"{PREFIX}_collector_success", "Whether these metrics could be read.", labels=["collector"]
    )
    missing = set(away)
    for collector in collectors:
        metrics = None if missing.intersection(collector.needs) else _collected(collector, missing)
        success.add_metric([collector.name], metrics is not None)
        yield from metrics or ()
    yield success


def _collected(collector: Collector, missing: set[str]) -> list[Metric] | None:
    try:
        return list(collector.collect())
    except StoreUnavailable:
        missing.add(STORE)
    except (DatabaseError, InterfaceError) as error:
        log.warning("metrics: %s: %s", collector.name, type(error).__name__)
        missing.add(DATABASE)
    except Exception:  # one collector's defect hides no other figures
        log.exception("metrics: %s failed", collector.name)
    return None
