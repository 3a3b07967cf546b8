"""A project's own tests: they have a store of their own, or are refused before they touch the real one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.packaging.conftest import Drive


@pytest.fixture(scope="module")
def said(drive: Drive) -> dict[str, Any]:
    return drive("tested_project")


def test_the_real_user_has_what_they_had(said: dict[str, Any]) -> None:
    assert said["before"] == said["after"]
    assert said["before"][0] == 600


@pytest.mark.parametrize("way", ["runner", "runner, parallel", "unittest", "parallel", "pytest", "xdist"])
def test_each_way_has_a_store_that_begins_empty(said: dict[str, Any], way: str) -> None:
    assert said["runs"][way]["status"] == 0, said["runs"][way]["said"]


@pytest.mark.parametrize("way", ["careless", "pytest without the plugin"])
def test_without_one_a_test_is_refused_and_hears_the_way_out(said: dict[str, Any], way: str) -> None:
    run = said["runs"][way]
    assert run["status"] == 1
    assert "A test reached for the real store" in run["said"]
    assert "kv.testing.StoreRunner" in run["said"]
