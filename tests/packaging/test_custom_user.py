"""All four apps in a project whose users are of its own kind: no `is_staff`, a UUID for a key, an e-mail for a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["bare", "permitted"])
def project(request: pytest.FixtureRequest, drive: Drive) -> dict[str, Any]:
    """What the project answers: with a user model that has no permissions at all, and with Django's mixin for them."""
    return drive("custom_user_project", USER_KIND=request.param)


def test_nothing_fails_at_any_address(project: dict[str, Any]) -> None:
    statuses: dict[str, int] = project["statuses"]
    assert len(statuses) > 100
    failed = {what: status for what, status in statuses.items() if status >= 500}
    off = ("/api/billing/", "/api/webhooks/stripe", "/pricing/")  # billing says that it is not set up
    assert {what for what, status in failed.items() if status != 503 or not any(path in what for path in off)} == set()


def test_a_user_is_counted_like_anybody(project: dict[str, Any]) -> None:
    assert (project["log_in"], project["visit"]["counted"], project["hit"]["counted"]) == (True, True, True)


def test_has_tokens_under_the_key(project: dict[str, Any]) -> None:
    assert project["dashboard"]["user_id"] == project["key"]
    assert (project["spent"]["balance"], project["dashboard"]["tokens"]["balance"]) == (97, 97)


def test_takes_the_data_along(project: dict[str, Any]) -> None:
    assert project["export"]["account"]["username"] == "ada@example.org"
    assert "ada@example.org" in project["page"]


def test_may_do_nothing_to_others(project: dict[str, Any]) -> None:
    assert [project[whose] for whose in ("another", "nobody", "no_key")] == [403] * 3


def test_the_account_can_be_deleted(project: dict[str, Any]) -> None:
    assert (project["deleted"], project["left"]) == (200, ["bob@example.org"])
