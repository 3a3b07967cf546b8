"""What runs the site elsewhere sets only variables that the site reads; an image has what it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.test_docs import VARIABLE
from tests.house.tree import PACKAGES, ROOT, python_files

KUBERNETES = ROOT / "deploy/kubernetes"
#: Of the interpreter, of Django, and of the other programs in those files.
OTHERS = {
    *("PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "DJANGO_SETTINGS_MODULE"),
    *("POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "PGDATA", "SITE_ADDRESS", "UPSTREAM"),
}
NAME = re.compile(r"\b([A-Z][A-Z_]{2,})=")


def known() -> set[str]:
    return {name for path in python_files("config") for name in VARIABLE.findall(path.read_text())} | OTHERS


def names_in(path: Path) -> set[str]:
    text = re.sub(r"^\s*#.*$", "", path.read_text(), flags=re.MULTILINE)
    match path.name:
        case "Dockerfile":
            return set(NAME.findall(text))
        case "compose.yaml":
            return set(re.findall(r"^ +([A-Z][A-Z_]+):", text, flags=re.MULTILINE)) | set(
                re.findall(r"\$\{([A-Z_]+)", text)
            )
        case "site.env" | "secret.env":
            return set(re.findall(r"^([A-Z_]+)=", text, flags=re.MULTILINE))
        case "Caddyfile":
            return set(re.findall(r"\{\$([A-Z_]+)\}", text))
        case _ if path.suffix == ".service":
            lines = re.findall(r"^Environment=(.*)", text, flags=re.MULTILINE)
            return set(NAME.findall(" ".join(lines)))
        case _:
            return set(re.findall(r"name: ([A-Z][A-Z_]+)[,}]", text))


FILES = [
    *(ROOT / name for name in ("Dockerfile", "compose.yaml")),
    *sorted(KUBERNETES.glob("*.env")),
    *sorted(KUBERNETES.glob("*.yaml")),
    *sorted((ROOT / "deploy/systemd").glob("*.service")),
    ROOT / "deploy/proxies/Caddyfile",
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_variable_is_one_that_the_site_reads(path: Path) -> None:
    assert names_in(path) - known() == set()


def test_variables_are_found() -> None:
    assert {"SITE_URL", "DATABASE_URL", "NUM_PROXIES"} <= names_in(ROOT / "compose.yaml")
    assert {"HOST", "DATA_DIR", "STATIC_ROOT"} <= names_in(ROOT / "Dockerfile")
    assert {"SECRET_KEY", "VISITOR_HASH_KEY"} <= names_in(KUBERNETES / "secret.env")


def test_an_image_has_what_the_site_needs_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert taken == {
        *PACKAGES,
        "locale",
        "static",
        "templates",
        "manage.py",
        "pyproject.toml",
        "requirements.txt",
        "LICENSE",
    }


def test_every_command_of_those_files_is_one_of_the_site() -> None:
    commands = {path.stem for name in PACKAGES for path in (ROOT / name / "management/commands").glob("[a-z]*.py")}
    places = [
        ROOT / "Procfile",
        ROOT / "Dockerfile",
        ROOT / "compose.yaml",
        *KUBERNETES.glob("*.yaml"),
        *(ROOT / "deploy/systemd").iterdir(),
    ]
    found = {name for path in places for name in re.findall(r"manage\.py[\", ]+([a-z_]+)", path.read_text())}
    assert found == {"serve", "work"}
    assert found <= commands
