"""The generators of docs/api.md, by the commands that it gives, and what their clients do with a running site."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.site import BROWSER, Site, own_site
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
INSTALLED = ROOT / "var" / "clients"
PERMISSIONS = (
    *("usertokens.view_any", "usertokens.act_for_any", "codetags.view_counts"),
    *("codetags.view_codetag", "codetags.add_codetag", "codetags.change_codetag"),
)
SECTION = (ROOT / "docs" / "api.md").read_text().partition("## Generate a client")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"```sh\n(.*?)```", SECTION, flags=re.DOTALL)
#: What every client sees, whoever made it.
EXPECTED: dict[str, Any] = {
    "currency": "EUR",
    "hit": "DEMO",
    "spent": [3, 3],
    "once": True,
    "conflict": "idempotency_conflict",
    "too_few": ["insufficient_tokens", 10**9, False],
    "wrong": ["invalid_input", ["amount"]],
    "captured": 7,
    "mood": 8.5,
    "codes": ["DEMO"],
    "subscription": ["Free", None],
    "stranger": "authentication_failed",
    "payment": ["BCD", "EUR12.50", True],
    "unpayable": ["invalid_input", ["iban"]],
    "history": [7, 0],
    "no_days": ["invalid_input", ["days"]],
    "registered": ["Flyer", "Flyer", True],
    "twice": "code_exists",
    "unregistered": "not_found",
    "imported": [0, 1, [2]],
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with own_site() as site:
        yield site


@pytest.fixture(scope="module")
def made(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which the commands of docs/api.md were run against the site."""
    assert (INSTALLED / ".done").exists(), "run `make test-clients`, which installs the generators"
    here = tmp_path_factory.mktemp("clients")
    (here / "node_modules").symlink_to(INSTALLED / "node_modules")
    assert COMMANDS
    for block in COMMANDS:
        lines = [line for line in block.splitlines() if not line.startswith(("pip install", "npm install"))]
        script = "\n".join(lines).replace("http://127.0.0.1:8000", address(site))
        run(["sh", "-e", "-c", script], here)
    return here


def address(site: Site) -> str:
    return f"http://127.0.0.1:{site.port}"


def run(command: list[str], here: Path, **environment: str) -> str:
    path = f"{INSTALLED / 'venv/bin'}:{INSTALLED / 'node_modules/.bin'}:{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO"))}
    done = subprocess.run(
        command, cwd=here, env={**clean, "PATH": path, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def drive(site: Site, command: list[str], here: Path, name: str) -> dict[str, Any]:
    """What the client saw, as a service account of its own."""
    permissions = [word for one in PERMISSIONS for word in ("--perm", one)]
    out, errors = site.manage("service_token", name, *permissions).communicate()
    assert out.strip(), errors
    seen: dict[str, Any] = json.loads(run(command, here, SITE=address(site), TOKEN=out.strip(), BROWSER=BROWSER))
    return seen


def assert_right(seen: dict[str, Any], *, lacks: tuple[str, ...] = ()) -> None:
    """lacks: what the generator leaves out."""
    assert seen.pop("visit")[-1] == "seen"
    amounts = seen.pop("amounts")
    assert [amount for amount in amounts[::-1] if amount != 100] == [-3, -10, 3]
    assert seen == {name: value for name, value in EXPECTED.items() if name not in lacks}


def test_linters_find_nothing(made: Path) -> None:
    run(["redocly", "lint", "--extends", "recommended", "schema.json"], made)
    run(["spectral", "lint", "--fail-severity", "hint", "--ruleset", str(HERE / "spectral.yaml"), "schema.json"], made)


def test_the_client_of_openapi_python_client(site: Site, made: Path) -> None:
    script = shutil.copy(HERE / "drives/by_openapi_python_client.py", made)
    # It makes no call whose body is text/csv.
    assert_right(drive(site, ["python", str(script)], made, "first"), lacks=("imported",))


def test_the_client_of_openapi_generator(site: Site, made: Path) -> None:
    script = shutil.copy(HERE / "drives/by_openapi_generator.py", made / "by-openapi-generator")
    assert_right(drive(site, ["python", str(script)], made, "second"))


def test_the_types_of_openapi_typescript(site: Site, made: Path) -> None:
    shutil.copy(HERE / "drives/by_openapi_fetch.mts", made)
    flags = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable"]
    run(["tsc", *flags, "--rewriteRelativeImportExtensions", "by_openapi_fetch.mts"], made)
    assert_right(drive(site, ["node", "by_openapi_fetch.mjs"], made, "third"))
