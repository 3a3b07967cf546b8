"""`usertokens` as somebody else gets it: from the wheel, with `kv` alone, in a project without the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    """What the project answers."""
    return drive("usertokens_project")


def test_tokens_are_spent_once(project: dict[str, Any]) -> None:
    assert (project["spent"]["balance"], project["again"]) == (97, project["spent"])
    assert project["dashboard"]["conversations"] == project["conversations"]["conversations"] == 1
    assert project["check"].startswith("1 ledgers checked, 0 wrong; conversations of 0 users")


def test_the_pages_open_without_the_site(project: dict[str, Any]) -> None:
    assert set(project["pages"].values()) == {200}


def test_the_plain_admin_shows_it(project: dict[str, Any]) -> None:
    assert set(project["admin"].values()) == {200}


def test_the_account_can_be_deleted(project: dict[str, Any]) -> None:
    assert (project["deleted"], project["left"]) == (200, 0)


def test_it_speaks_its_languages(project: dict[str, Any]) -> None:
    assert len(set(project["said"].values())) == 4
