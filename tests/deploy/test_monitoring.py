"""Prometheus' own tool over the metrics, the alert rules and their tests."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.deploy.tools import run
from tests.house.tree import ROOT
from tests.kv.test_metrics import answer, some_of_everything
from tests.stats.callers import service_token

FOLDER = ROOT / "docs/monitoring"


@pytest.mark.django_db
def test_promtool_has_nothing_to_say_about_the_metrics(store: Any) -> None:
    token = service_token("prometheus", "stats.view_statistics")
    some_of_everything()
    assert run("promtool", "check", "metrics", text=answer(token).content.decode()).stdout == ""


def test_the_rules_are_valid() -> None:
    assert "SUCCESS" in run("promtool", "check", "rules", "alerts.yml", cwd=FOLDER).stdout


def test_each_rule_fires_and_does_not() -> None:
    assert "SUCCESS" in run("promtool", "test", "rules", "alerts_test.yml", cwd=FOLDER).stdout
    alerts = set(re.findall(r"- alert: (\w+)", (FOLDER / "alerts.yml").read_text()))
    tests = (FOLDER / "alerts_test.yml").read_text()
    assert alerts == set(re.findall(r"- name: (\w+)$", tests, flags=re.MULTILINE))
    assert alerts == set(re.findall(r"- name: (\w+), as usual$", tests, flags=re.MULTILINE))
