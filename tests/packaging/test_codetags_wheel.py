"""`codetags` as somebody else gets it: from the wheel, with `kv` and the plain admin, in a project without the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    """What the project answers."""
    return drive("codetags_project")


def test_a_landing_is_counted_once(project: dict[str, Any]) -> None:
    assert project["landing"]
    assert project["hit"] == {"code": "BT26", "counted": True}
    assert project["again"] == {"code": "BT26", "counted": False}
    assert project["malformed"] == "invalid_input"
    assert project["counts"] == 1
    assert project["placements"] == [{"at": "hall", "label": "Hall 1", "count": 1}]
    assert project["devices"] == {"phone": 0, "tablet": 0, "desktop": 1, "other": 0}
    assert project["refused"] in {401, 403}


def test_the_pages_open_without_the_site(project: dict[str, Any]) -> None:
    assert set(project["pages"].values()) == {200}


def test_the_plain_admin_shows_the_counts(project: dict[str, Any]) -> None:
    assert set(project["admin"].values()) == {200}
    assert project["card"]


def test_many_codes_come_and_go_without_the_site(project: dict[str, Any]) -> None:
    many = project["many"]
    assert many["errors"] == many["csv"] == many["xlsx"] == [200, True]
    assert (many["imported"], many["made"]) == (302, 302)
    assert (many["api"]["created"], many["api"]["updated"]) == (1, 0)
    assert [wrong["row"] for wrong in many["api"]["errors"]] == [3]
    trams = [[f"Tram {number}", "Fair"] for number in (1, 2, 3)]
    assert many["codes"] == [["Banner", "Fair"], ["Second", "Fair"], ["Third", None], *trams]
    assert many["log"] == 7  # the campaign too


def test_its_commands_run(project: dict[str, Any]) -> None:
    assert project["rows"] == project["breakdowns"] == 1


def test_it_speaks_its_languages(project: dict[str, Any]) -> None:
    assert len(set(project["said"].values())) == 4
