"""`pip install countinghouse` alone brings neither Stripe's library nor Babel; the apps work without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    """What a project with every app and no extra answers."""
    return drive("bare_project", bare=True)


def test_the_extras_are_not_there(project: dict[str, Any]) -> None:
    assert project["installed"] == project["imported"] == []


def test_a_check_names_the_extra(project: dict[str, Any]) -> None:
    assert project["checks"]["billing.E010"] == "pip install 'countinghouse[billing]'"


def test_every_page_opens(project: dict[str, Any]) -> None:
    assert set(project["pages"].values()) == {200}, project["pages"]


def test_billing_is_off(project: dict[str, Any]) -> None:
    assert (project["checkout"], project["hook"]) == ("billing_off", 503)
    assert project["plan"]["plan"] == "Free"


def test_an_app_alone_needs_no_extra(drive: Drive) -> None:
    assert drive("project", bare=True)["figures"]["visitors"] == 1
