"""`kill -9` in the middle of an import: nothing of it is there, or all of it; and once more makes it whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codetags import keys
from kv.store.connection import call
from tests.faults.servers import Breakable, own_server
from tests.postgres import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CODES = 10_000

_SETTINGS = """
import environ
from kv.store.caches import durable_cache
SECRET_KEY = "for tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.admin", "kv", "codetags"]
DATABASES = {{"default": environ.Env.db_url_config({database!r})}}
CACHES = {{
    "kv": durable_cache("embedded", directory={directory!r}, timeout_ms=5000),
    "default": {{"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
}}
USE_TZ = True
CODETAGS_PATTERN = "[A-Z][0-9]{{4}}"
"""

# Stops at the place that is named, and says so; whoever started it kills it there.
_IMPORT = f"""
import sys
import django
django.setup()
from unittest.mock import patch
from django.contrib.auth.models import User
from codetags.services import code_imports
from kv.web.tables import Row

def stop(*args, **kwargs):
    print("stopped", flush=True)
    sys.stdin.read()

user, _ = User.objects.get_or_create(username="clerk")
rows = [Row(n + 2, {{"code": f"A{{n:04}}", "label": f"Poster {{n}}", "campaign": "Fair"}}) for n in range({CODES})]
if sys.argv[1:]:
    patch(sys.argv[1], stop).start()
plan = code_imports.import_codes(rows, user_id=user.pk)
print(len(plan.new), len(plan.updates), len(plan.wrong))
"""

_COUNT = """
import django
django.setup()
from django.contrib.admin.models import LogEntry
from codetags.models import Campaign, CodeTag
print(CodeTag.objects.count(), Campaign.objects.count(), LogEntry.objects.count())
"""

_DUTY = """
import django
django.setup()
from codetags.duties import MIRROR
MIRROR.run()
"""


@pytest.fixture
def server() -> Iterator[Breakable]:
    with own_server(timeout_ms=5000) as server:
        yield server


class Project:
    """A project with this app alone, in processes of its own."""

    def __init__(self, place: Path, server: Breakable, database: str) -> None:
        directory = os.fspath(server.server.directory.parent)
        settings = _SETTINGS.format(database=database, directory=directory)
        (place / "import_settings.py").write_text(settings)
        path = f"{place}{os.pathsep}{ROOT}"
        self.environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "import_settings", "PYTHONPATH": path}
        self._run([sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"])

    def run(self, code: str) -> str:
        return self._run([sys.executable, "-c", code])

    def kill_at(self, place: str) -> None:
        """Import, and die by SIGKILL where `place` is called."""
        with subprocess.Popen(
            [sys.executable, "-c", _IMPORT, place],
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stdout.readline() == "stopped\n"
            process.kill()
        assert process.returncode == -9

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, tmp_path: Path, server: Breakable) -> Iterator[Project]:
    if request.param == "sqlite":
        yield Project(tmp_path, server, f"sqlite:///{tmp_path}/codes.sqlite3")
        return
    with postgres() as url:
        yield Project(tmp_path, server, url)


def mirrored() -> int:
    return int(call("HLEN", keys.registry()))


def test_killed_before_it_commits_leaves_nothing_and_once_more_makes_it_whole(project: Project) -> None:
    """Every row is written, and the log is next."""
    project.kill_at("codetags.services.code_imports.log_codes")
    assert (project.run(_COUNT), mirrored()) == ("0 0 0", 0)
    assert project.run(_IMPORT) == f"{CODES} 0 0"
    assert (project.run(_COUNT), mirrored()) == (f"{CODES} 1 {CODES + 1}", CODES)
    assert project.run(_IMPORT) == "0 0 0", "the same once more changes nothing"


def test_killed_before_the_store_knows_is_healed_by_the_worker(project: Project) -> None:
    project.kill_at("codetags.signals.mirror_codes")
    assert (project.run(_COUNT), mirrored()) == (f"{CODES} 1 {CODES + 1}", 0)
    project.run(_DUTY)
    assert mirrored() == CODES
    assert project.run(_IMPORT) == "0 0 0"
