"""What the documents say is what the code does, as far as a test can tell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import global_settings
from rest_framework import exceptions

from tests.house.tree import APPS, PACKAGES, ROOT, place, python_files, syntax

TOP = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
DOCUMENTS = (*(ROOT / name for name in TOP), *sorted((ROOT / "docs").rglob("*.md")))
VARIABLE = re.compile(r"\benv\.\w+\(\s*(?:\"|\w+Settings\.)([A-Z][A-Z_]+)\b")
LIMIT = re.compile(r"RateLimit\(\"(\w+)\", \"([^\"]+)\"\)$", re.MULTILINE)
COMMAND = re.compile(r"(?:`make |manage\.py |`)(\w+)(?=[ `\n])")
# What refuses, with a status or without and the code behind it.
REFUSERS = frozenset({"Refusal", "_refusal", "json_error", "_unavailable", "unavailable"})
# DRF's own refusals that a caller of ours can meet; the others are never raised or get a code of ours.
BORROWED = (
    exceptions.AuthenticationFailed,
    exceptions.MethodNotAllowed,
    exceptions.NotAuthenticated,
    exceptions.NotFound,
    exceptions.ParseError,
    exceptions.PermissionDenied,
    exceptions.UnsupportedMediaType,
)


def _read(name: str) -> str:
    return (ROOT / name).read_text()


PAGES = [path for path in DOCUMENTS if path.parent != ROOT and path.name != "README.md"]


@pytest.mark.parametrize("path", PAGES, ids=place)
def test_a_page_begins_with_code_that_runs(path: Path) -> None:
    assert "\n```" in "\n".join(path.read_text().splitlines()[:16])


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_variable_is_described() -> None:
    variables = {name for path in python_files("config") for name in VARIABLE.findall(path.read_text())}
    described = set(re.findall(r"`([A-Z][A-Z_]+)`", _read("docs/settings.md")))
    assert variables
    assert variables - described == set()


def test_every_setting_of_an_app_is_described() -> None:
    """Those of a project of one's own; more of them than there are variables."""
    settings = {
        name
        for package in PACKAGES
        if (ROOT / package / "conf.py").is_file()
        for name in re.findall(
            r"^    ([A-Z][A-Z_]+)(?:: .+)? = Setting\(", _read(f"{package}/conf.py"), flags=re.MULTILINE
        )
    }
    described = set(re.findall(r"[`\n]([A-Z][A-Z_]+)[` ]", "".join(path.read_text() for path in DOCUMENTS)))
    settings -= set(dir(global_settings))  # Django's own are described by Django
    assert settings
    assert settings - described == set()


def test_every_rate_limit_is_described_with_its_default() -> None:
    limits = {
        pair for app in (*APPS, "config") for path in python_files(app) for pair in LIMIT.findall(path.read_text())
    }
    described = set(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", _read("docs/settings.md"), flags=re.MULTILINE))
    assert limits
    assert limits - described == set()


def _refusals(path: Path) -> Iterator[tuple[int | None, str]]:
    """Status, where it is written beside it, and code of every refusal that a file spells."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["default_code"]:
            yield None, ast.literal_eval(node.value)
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in {borrowed.__name__ for borrowed in BORROWED}:
            yield from ((None, ast.literal_eval(word.value)) for word in node.keywords if word.arg == "code")
        words = [word.value for word in node.args if isinstance(word, ast.Constant)]
        codes = [word for word in words if isinstance(word, str) and re.fullmatch(r"[a-z_]+", word)]
        if name in REFUSERS and codes:
            yield next((word for word in words if isinstance(word, int)), None), codes[0]
    yield from ((None, code) for code in re.findall(r"b'.*\"code\": \"(\w+)\"", path.read_text()))


def _described_refusals() -> set[tuple[int, str]]:
    rows = re.findall(r"^\| ([45][\d, ]+) \| (`[^|]+) \|", _read("docs/api.md"), flags=re.MULTILINE)
    return {
        (int(status), code)
        for statuses, codes in rows
        for status in statuses.split(", ")
        for code in re.findall(r"`(\w+)`", codes)
    }


def test_every_error_code_is_described_and_no_other() -> None:
    refusals = {refusal for path in python_files(*PACKAGES) for refusal in _refusals(path)}
    codes = {code for _, code in refusals} | {borrowed.default_code for borrowed in BORROWED} | {"invalid_input"}
    described = _described_refusals()
    assert {(status, code) for status, code in refusals if status} - described == set()
    assert codes ^ {code for _, code in described} == set()


def test_every_command_is_described() -> None:
    named = set(COMMAND.findall("".join(path.read_text() for path in DOCUMENTS if path.name != "CHANGELOG.md")))
    commands = {path.stem for package in PACKAGES for path in (ROOT / package / "management/commands").glob("[!_]*.py")}
    assert commands
    assert commands - named == set()


def test_every_module_of_kv_is_described() -> None:
    """Beside those that every app has."""
    named = set(re.findall(r"`(?:\w+/)?(\w+\.py)`", _read("docs/architecture.md")))
    packages = ("kv", "kv/process", "kv/sql", "kv/store", "kv/work", "kv/web")
    modules = {path.name for package in packages for path in (ROOT / package).glob("[!_]*.py")}
    assert modules - named - {"apps.py"} == set()


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


def test_every_file_that_is_named_is_there() -> None:
    """In backticks, from the top of the repository, in all documents but the history."""
    named = re.compile(
        rf"`((?:{'|'.join((*PACKAGES, 'tests', 'docs', 'benchmarks'))})/[\w./-]*\.(?:py|md|lua|js|in|toml))`"
    )
    missing = {
        f"{place(path)}: {name}"
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for name in named.findall(path.read_text())
        if not (ROOT / name).exists()
    }
    assert missing == set()
