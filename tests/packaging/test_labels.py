"""Each app works under another label: migrations, permissions, admin pages and their links."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    return drive("relabelled_project")


def test_the_apps_have_other_labels(project: dict[str, Any]) -> None:
    assert project["labels"] == ["visits", "ledger", "campaigns", "sales"]


def test_every_page_and_every_link_of_the_admin_opens(project: dict[str, Any]) -> None:
    assert {page: status for page, status in project["pages"].items() if status != 200} == {}
    for label in ("visits", "ledger", "campaigns", "sales"):
        assert any(page.startswith(f"/admin/{label}/") for page in project["pages"])


def test_permissions_are_asked_for_by_the_label(project: dict[str, Any]) -> None:
    assert (project["said"], project["refused"]) == ([200, 200], [403, 403])
    assert len(project["sync"]) == 1


@pytest.mark.parametrize("app", ["stats", "usertokens", "codetags", "billing"])
def test_no_template_spells_a_label(app: str) -> None:
    for path in (ROOT / app / "templates").rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"perms\.\w+", text), path
        assert not re.search(rf"admin:{app}_\w+_(changelist|change|add|delete|history)\b", text), path


@pytest.mark.parametrize("app", ["stats", "usertokens", "codetags", "billing"])
def test_no_migration_spells_a_label(app: str) -> None:
    for path in (ROOT / app / "migrations").glob("0*.py"):
        assert not re.search(r"""\(["'](stats|usertokens|codetags|billing)["'],""", path.read_text()), path
