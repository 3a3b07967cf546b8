"""What is installed: one list in two files that agree, locked by hash, naming no index's host."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

#: Extras that the site does not install.
CHOSEN = {"otel"}
LOCKS = (
    "requirements.txt",
    "requirements-dev.txt",
    "tests/adoption/requirements.txt",
    "tests/clients/requirements.txt",
    "tests/deploy/requirements.txt",
)


def _asked(name: str) -> dict[str, Requirement]:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
    return {canonicalize_name(asked.name): asked for asked in map(Requirement, lines)}


def _pinned(name: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^([a-z0-9._-]+)==([^ \\]+)", (ROOT / name).read_text(), flags=re.MULTILINE))


def _metadata() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def test_the_wheel_and_the_site_ask_for_the_same() -> None:
    project = _metadata()
    extras = project["optional-dependencies"]
    wheel = [
        Requirement(text)
        for text in (*project["dependencies"], *(text for name in set(extras) - CHOSEN for text in extras[name]))
    ]
    # The site has every extra; an extra may name others of ours, and ask more of a package than the apps do.
    assert {canonicalize_name(asked.name): str(asked) for asked in wheel if asked.name != project["name"]} == {
        name: str(asked) for name, asked in _asked("requirements.in").items()
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_all_that_is_asked(name: str) -> None:
    pinned = {package for package, _ in _pinned(name)}
    assert set(_asked(name.replace(".txt", ".in"))) - pinned == set()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_hashes_every_pin_and_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text


def test_tests_run_on_the_pins_of_the_site() -> None:
    assert _pinned("requirements.txt") - _pinned("requirements-dev.txt") == set()


@pytest.mark.parametrize("folder", ["outside", "clients"])
def test_a_lock_of_npm_names_no_host(folder: str) -> None:
    packages = json.loads((ROOT / "tests" / folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    assert not [name for name, package in packages.items() if name and "integrity" not in package]
    assert not [name for name, package in packages.items() if "resolved" in package]
