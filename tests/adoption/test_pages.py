"""Each app's page, followed word for word in a fresh project, and what it promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adoption import promises
from tests.adoption.documents import DOCS
from tests.adoption.project import Browser, Project
from tests.stripe_fake import FakeStripe

pytestmark = pytest.mark.slow

SECTIONS = [
    *("Install", "INSTALLED_APPS", "CACHES", "Settings", "URLs", "Migrate", "Worker", "Templates", "Check", "Tests"),
    *("Python API", "API", "What it costs", "Other projects"),
]


@pytest.fixture
def project(bare_interpreter: Path, tmp_path: Path) -> Iterator[Project]:
    """With what `pip install countinghouse` brings."""
    with Project(bare_interpreter, tmp_path) as made:
        yield made


@pytest.fixture
def seller(interpreter: Path, tmp_path: Path) -> Iterator[Project]:
    """With the extras too."""
    with Project(interpreter, tmp_path) as made:
        yield made


@pytest.mark.parametrize("page", promises.PAGES)
def test_every_page_has_the_same_list(page: str) -> None:
    found = [line[3:] for line in (DOCS / page).read_text().splitlines() if line.startswith("## ")]
    assert found[: len(SECTIONS)] == SECTIONS


def test_stats(project: Project) -> None:
    project.follow("stats.md")
    project.wait()
    visitor, staff = Browser(project), Browser(project)
    promises.visits(visitor)
    staff.log_in()
    promises.visits_in_the_admin(staff)
    project.run("manage.py", "work", "--once")


def test_usertokens(project: Project) -> None:
    project.follow("tokens.md")
    project.wait()
    staff = Browser(project)
    staff.log_in()
    promises.tokens(staff)
    promises.tokens_in_the_admin(staff, "1")
    project.run("manage.py", "work", "--once")
    assert "0 wrong" in project.run("manage.py", "usertokens_check")


def test_codetags(project: Project) -> None:
    project.follow("codetags.md")
    project.wait()
    visitor, staff = Browser(project), Browser(project)
    promises.landings(visitor)
    staff.log_in()
    promises.landings_in_the_admin(staff)
    project.run("manage.py", "work", "--once")


def test_billing(seller: Project) -> None:
    with FakeStripe() as stripe:
        seller.environment |= promises.stripe_for(stripe, f"{seller.url}/api/webhooks/stripe")
        seller.follow("billing.md")
        seller.wait("/pricing")
        staff = Browser(seller)
        staff.log_in()
        promises.tokens(staff)
        promises.purchases(staff)
        promises.purchases_in_the_admin(staff)
