"""The apps as somebody else gets them: from the wheel, in a fresh environment, in a ten-line project of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

ROOT = Path(__file__).resolve().parents[2]
APPS = ("kv", "stats", "usertokens", "codetags", "billing")
LANGUAGES = ("fr", "de", "es")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    """What a project with `kv` and `stats` answers."""
    return drive("project")


class TestContents:
    @pytest.mark.parametrize("app", APPS)
    @pytest.mark.parametrize("kind", ["lua", "templates", "static", "migrations"])
    def test_everything_an_app_needs_is_in_it(self, names: set[str], app: str, kind: str) -> None:
        tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / app / kind).rglob("*") if path.is_file()}
        assert {name for name in tree if "__pycache__" not in name} - names == set()

    @pytest.mark.parametrize("app", APPS)
    def test_its_types_are_used_by_whoever_installs_it(self, names: set[str], app: str) -> None:
        assert f"{app}/py.typed" in names

    @pytest.mark.parametrize("app", APPS)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_translations_are_compiled(self, names: set[str], app: str, language: str) -> None:
        assert f"{app}/locale/{language}/LC_MESSAGES/django.mo" in names

    def test_nothing_else_is_in_it(self, names: set[str]) -> None:
        assert {name.split("/")[0] for name in names if ".dist-info/" not in name} <= set(APPS)
        assert [name for name in names if name.endswith((".po", ".pyc"))] == []


class TestProject:
    def test_a_visit_is_counted_once(self, project: dict[str, Any]) -> None:
        assert project["visit"] == {"counted": True, "visitors": 1, "reason": None}
        assert project["again"] == {"counted": False, "visitors": 1, "reason": "seen"}

    def test_the_figures_answer(self, project: dict[str, Any]) -> None:
        assert project["figures"] == {"visitors": 1, "qr_total": 0, "revenue_cents": 0, "currency": "EUR"}

    def test_the_pages_open_without_the_site(self, project: dict[str, Any]) -> None:
        assert project["pages"] == dict.fromkeys(("/pay", "/statistics", "/embed", "/badge/visitors.svg"), 200)

    def test_other_places_show_the_numbers(self, project: dict[str, Any]) -> None:
        """In a project without a policy of its own, too, every site may frame the card."""
        assert [day["visitors"] for day in project["days"]] == [0, 1]
        assert project["badge"] == "1"
        policy, frames, cookie = project["card"]
        assert policy.endswith("frame-ancestors *")
        assert (frames, cookie) == ("", "")

    def test_the_plain_admin_shows_the_statistics(self, project: dict[str, Any]) -> None:
        assert project["admin"]
        assert set(project["admin"].values()) == {200}

    def test_the_app_speaks_its_languages(self, project: dict[str, Any]) -> None:
        assert len(set(project["said"].values())) == 1 + len(LANGUAGES)
