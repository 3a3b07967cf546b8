"""README.md does what it says, in a fresh project that has the wheel alone; its pictures are there and true."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PICTURES = ROOT / "docs/pictures"


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    return drive("readme_project", README=str(README))


class TestProject:
    def test_its_blocks_are_a_project(self, project: dict[str, Any]) -> None:
        assert project["files"] == ["shop/settings.py", "shop/urls.py", "shop/templates/home.html"]
        assert project["stranger"] == 302

    def test_three_cards_are_shown(self, project: dict[str, Any]) -> None:
        assert project["cards"] == 3
        assert project["figures"]["qr_total"] == 0

    def test_a_click_spends_three_tokens(self, project: dict[str, Any]) -> None:
        assert (project["before"], project["after"]) == ("100", "97")


class TestPictures:
    @pytest.mark.parametrize("name", ["home", "pricing", "dashboard", "codes"])
    def test_each_page_is_shown_in_light_and_dark(self, name: str) -> None:
        shades = {}
        for scheme in ("light", "dark"):
            assert f"docs/pictures/{name}-{scheme}.png" in README.read_text()
            with Image.open(PICTURES / f"{name}-{scheme}.png") as picture:
                shades[scheme] = picture.convert("L").resize((1, 1)).tobytes()[0]
        assert shades["dark"] < 90
        assert shades["light"] > 180

    def test_all_of_them_are_small(self) -> None:
        assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 1_200_000

    def test_the_badges_say_what_the_package_says(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        for badge, start in (("python", "Programming Language :: Python :: "), ("django", "Framework :: Django :: ")):
            versions = [
                line.removeprefix(start)
                for line in project["classifiers"]
                if line.startswith(start) and re.search(r"\d\.\d", line)
            ]
            said = (PICTURES / f"badge-{badge}.svg").read_text()
            assert " · ".join(versions) in said, f"make pictures: {badge}"
        assert project["license"] in (PICTURES / "badge-licence.svg").read_text()
