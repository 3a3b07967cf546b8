"""The alert rules and the dashboard ask for metrics and labels that a real scrape has."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.house.tree import ROOT
from tests.kv.test_metrics import answer, some_of_everything
from tests.stats.callers import service_token

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = ROOT / "docs/monitoring"
#: Labels that Prometheus itself adds to each scrape.
ADDED = {"instance", "job"}
# Seen only when something of it is there.
ASKED = re.compile(r"\b(countinghouse_\w+)(?:\{([^}]*)\})?")


def expressions() -> Iterator[str]:
    dashboard: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    for variable in dashboard["templating"]["list"]:
        yield variable["query"]
    yield (FOLDER / "alerts.yml").read_text()


def asked() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for expression in expressions():
        for name, labels in ASKED.findall(expression):
            found.setdefault(name, set()).update(re.findall(r"(\w+)\s*[=!]", labels))
    return found


@pytest.mark.django_db
def test_every_metric_is_there(store: Any) -> None:
    token = service_token("prometheus", "stats.view_statistics")
    some_of_everything()
    scraped: dict[str, set[str]] = {}
    for family in parse_text(answer(token).content.decode()):
        for sample in family.samples:
            scraped.setdefault(sample.name, set()).update(sample.labels)
    wanted = asked()
    assert len(wanted) > 30
    assert set(wanted) - set(scraped) == set()
    assert {
        name: labels - scraped[name] - ADDED for name, labels in wanted.items() if labels - scraped[name] - ADDED
    } == {}


def test_every_metric_that_is_described_is_asked_for_and_the_other_way_round() -> None:
    """Histograms are described by their family's name."""
    text = (ROOT / "docs/monitoring.md").read_text().partition("| metric | labels | |\n")[2].partition("\n\n")[0]
    described = {
        f"countinghouse_{name}" for row in text.splitlines()[1:] for name in re.findall(r"`(\w+)`", row.split(" | ")[0])
    }
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked()}
    assert shown - described == set()
    assert described - shown == {
        "countinghouse_duty_next_run_timestamp_seconds",
        "countinghouse_duty_lease_seconds",
        "countinghouse_worker_last_seen_timestamp_seconds",
        "countinghouse_outbox_consecutive_failures",
        "countinghouse_token_uses_total",
        "countinghouse_token_units_total",
        "countinghouse_tokens_spent_total",
    }


def test_panels_stand_beside_one_another() -> None:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
