"""`billing` and `usertokens` as somebody else gets them: from the wheel, in a project without the site."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.packaging import test_wheel
from tests.stripe_fake import FakeStripe

PROJECT = Path(__file__).parent / "billing_project"
ROOT = test_wheel.ROOT
wheel, names = test_wheel.wheel, test_wheel.names

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the project answers; the Stripe it pays at stands here."""
    here = tmp_path_factory.mktemp("shop")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(here / "venv")], check=True)
    python = here / "venv/bin/python"
    packages = next((here / "venv/lib").glob("python*/site-packages"))
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    for source in PROJECT.glob("*.py"):
        (here / source.name).write_text(source.read_text())
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}
    with FakeStripe() as stripe:
        clean |= {"STRIPE_URL": stripe.url, "STRIPE_PLUS": stripe.stock()["plus"]}
        run = subprocess.run(
            [str(python), "drive.py"], cwd=here, env=clean, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        answers: dict[str, Any] = json.loads(run.stdout)
        answers["subscription_left"] = stripe.world.of("subscription")[0]["status"]
    assert all(place.startswith(str(packages)) for place in answers["from"])
    return answers


@pytest.mark.parametrize("kind", ["lua", "templates", "static", "migrations"])
def test_everything_it_needs_is_in_the_wheel(names: set[str], kind: str) -> None:
    tree = {path.relative_to(ROOT).as_posix() for path in (ROOT / "billing" / kind).rglob("*") if path.is_file()}
    assert {name for name in tree if "__pycache__" not in name} - names == set()
    assert "billing/py.typed" in names
    assert {f"billing/locale/{language}/LC_MESSAGES/django.mo" for language in test_wheel.LANGUAGES} - names == set()


def test_a_plan_is_bought_and_holds(project: dict[str, Any]) -> None:
    assert (project["pricing"], project["back"]) == (200, 200)
    assert (project["plan"], project["subscription"]) == ("Plus", "active")


def test_the_hook_refuses_what_stripe_did_not_sign(project: dict[str, Any]) -> None:
    assert project["hook"] == 400


def test_the_plain_admin_shows_it(project: dict[str, Any]) -> None:
    assert set(project["admin"].values()) == {200}


def test_deleting_the_user_ends_the_subscription(project: dict[str, Any]) -> None:
    assert (project["left"], project["subscription_left"]) == (0, "canceled")


def test_it_speaks_its_languages(project: dict[str, Any]) -> None:
    assert len(set(project["said"].values())) == 4
