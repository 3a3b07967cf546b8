"""Vue and Next.js as docs/frontend.md has them: built and served by their own tools. Run by `make test-frontends`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest

from tests.faults.servers import wait_until
from tests.faults.site import Site, own_site
from tests.frontends.pages import served, write_files
from tests.frontends.scenarios import Scenarios
from tests.house.tree import ROOT
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALLED = ROOT / "var" / "frontends"
PORTS = {"vue": free_port(), "next": free_port()}
# What the tools' own starters write; the document shows the rest.
VUE = {
    "index.html": '<!doctype html><div id="app"></div><script type="module" src="/main.js"></script>',
    "vite.config.js": 'import vue from "@vitejs/plugin-vue";\nexport default { plugins: [vue()] };\n',
    "package.json": json.dumps({"type": "module"}),
}
NEXT = {
    "app/layout.tsx": 'import type { ReactNode } from "react";\n'
    "export default function Layout({ children }: { children: ReactNode }) {\n"
    '  return <html lang="en"><body>{children}</body></html>;\n}\n',
    "package.json": json.dumps({"private": True}),
    "tsconfig.json": json.dumps({"compilerOptions": {"strict": True}}),  # the tool adds the rest
}


@pytest.fixture(scope="module")
def counts() -> Iterator[Site]:
    with own_site(started=False) as site:
        origins = ",".join(f"http://127.0.0.1:{port}" for port in PORTS.values())
        site.environment |= {"CORS_ORIGINS": origins, "WORKERS": "1", "NUM_PROXIES": "0"}
        site.start()
        yield site


@contextmanager
def project(starter: dict[str, str], *names: str, site: Site) -> Iterator[Path]:
    """A project's directory, below the installed packages, where the tools look for them."""
    assert (INSTALLED / "node_modules").is_dir(), "run make test-frontends, which installs the packages"
    directory = Path(mkdtemp(prefix="project-", dir=INSTALLED))
    try:
        for name, text in starter.items():
            (directory / name).parent.mkdir(exist_ok=True)
            (directory / name).write_text(text)
        write_files(directory, *names, site=f"http://127.0.0.1:{site.port}")
        yield directory
    finally:
        shutil.rmtree(directory)


def run(directory: Path, *command: str) -> None:
    """A tool of the project; what it says when it fails."""
    done = subprocess.run(
        [INSTALLED / "node_modules" / ".bin" / command[0], *command[1:]],
        cwd=directory, env=_environment(), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _environment() -> dict[str, str]:
    return os.environ | {"NEXT_TELEMETRY_DISABLED": "1", "CI": "1"}


@pytest.fixture(scope="module")
def vue(counts: Site) -> Iterator[str]:
    with project(VUE, "App.vue", "main.js", "countinghouse.js", site=counts) as directory:
        run(directory, "vite", "build")
        with served(directory / "dist", PORTS["vue"]) as address:
            yield address


@pytest.fixture(scope="module")
def next_js(counts: Site) -> Iterator[str]:
    """`next build` checks the types too."""
    with project(NEXT, "app/page.tsx", "app/account.tsx", "app/countinghouse.js", site=counts) as directory:
        run(directory, "next", "build")
        with _started(directory) as address:
            yield address


class TestVue(Scenarios):
    @pytest.fixture
    def front(self, vue: str) -> str:
        return vue


class TestNext(Scenarios):
    @pytest.fixture
    def front(self, next_js: str) -> str:
        return next_js


@contextmanager
def _started(directory: Path) -> Iterator[str]:
    port = PORTS["next"]
    command = [
        str(INSTALLED / "node_modules" / ".bin" / "next"),
        "start",
        "--hostname",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with (directory / "next.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=directory, env=_environment(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/"))
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
