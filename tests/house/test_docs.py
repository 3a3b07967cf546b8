"""What the documents say is what the code does, as far as a test can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.tree import APPS, PACKAGES, ROOT, place, python_files

DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
VARIABLE = re.compile(r"\benv\.\w+\(\s*\"([A-Z][A-Z_]+)\"")
LIMIT = re.compile(r"RateLimit\(\"(\w+)\", \"([^\"]+)\"\)$", re.MULTILINE)


def _read(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_variable_is_described() -> None:
    variables = set(VARIABLE.findall(_read("config/settings.py")))
    described = set(re.findall(r"`([A-Z][A-Z_]+)`", _read("docs/settings.md")))
    assert variables
    assert variables - described == set()


def test_every_rate_limit_is_described_with_its_default() -> None:
    limits = {
        pair for app in (*APPS, "config") for path in python_files(app) for pair in LIMIT.findall(path.read_text())
    }
    described = set(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", _read("docs/settings.md"), flags=re.MULTILINE))
    assert limits
    assert limits - described == set()


def test_every_public_address_is_described() -> None:
    described = "".join(path.read_text() for path in DOCUMENTS)
    urls = [path for app in APPS for path in (ROOT / app).glob("urls.py")]
    addresses = {f"/{found}" for path in urls for found in re.findall(r"path\(\"(api/[\w/-]+)\"", path.read_text())}
    assert addresses
    assert {address for address in addresses if address not in described} == set()


def test_every_key_is_described() -> None:
    """By its fixed beginning: `{stats}:days:` for f"{prefix}{{stats}}:days:{day}"."""
    spelled = {
        key.replace("{{", "{").replace("}}", "}")
        for package in PACKAGES
        if (ROOT / package / "keys.py").is_file()
        for key in re.findall(r"return f\"\{[\w.()]+\}(\{\{\w+\}\}:[\w:~]*)", _read(f"{package}/keys.py"))
    }
    assert spelled
    assert {key for key in spelled if f"`{key}" not in _read("docs/keys.md")} == set()


def test_every_target_of_make_is_one_a_person_can_read_about() -> None:
    named = set(re.findall(r"`make ([\w-]+)", "".join(path.read_text() for path in DOCUMENTS)))
    targets = set(re.findall(r"^([\w-]+):.*## ", _read("Makefile"), flags=re.MULTILINE))
    assert named - targets == set()
    assert targets - named - {"help"} == set()
