"""How soon the site answers after its start, what it takes at rest, and what an adopter's project takes to import.

Times depend on the machine, so each stands beside what a bare Django project takes in the same run. Memory is the
proportional set size (PSS, `/proc/PID/smaps_rollup`) of all processes: a page that several share counts once.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http import ROOT, free_port
from benchmarks.measure import Row

_ROUNDS = 7
_REQUESTS = 40
_REST_SECONDS = 5.0
_LIMIT_SECONDS, _LIMIT_MB, _LIMIT_IMPORT = 2.0, 200.0, 0.15

#: A project with Django's own apps, the admin and, in `apps` and `urls`, what it adopts; ready to serve.
PROJECT = """
import sys, time, types
begun = time.process_time()
from pathlib import Path
import django
from django.conf import settings

place, more = Path({data!r}), {{}}
if {apps!r}:
    from kv.store.caches import clearable_cache, durable_cache
    more["CACHES"] = {{"kv": durable_cache(directory=place), "default": clearable_cache(directory=place)}}
settings.configure(
    SECRET_KEY="x" * 50, VISITOR_HASH_KEY="x" * 50, USE_TZ=True, STATIC_URL="static/", ALLOWED_HOSTS=["*"],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": str(place / "db")}}}},
    INSTALLED_APPS=[
        *{apps!r}, "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
        "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles",
    ],
    TEMPLATES=[{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}}],
    ROOT_URLCONF="project_urls", **more,
)
django.setup()
from django.contrib import admin
from django.http import HttpResponse
from django.urls import get_resolver, include, path

urls = sys.modules["project_urls"] = types.ModuleType("project_urls")
urls.urlpatterns = [
    path("admin/", admin.site.urls), path("", lambda request: HttpResponse("ok")),
    *(path("", include(name)) for name in {urls!r}),
]
get_resolver().url_patterns
"""
_TOOK = "\nprint(time.process_time() - begun)"
_BARE_SITE = "\nfrom django.core.handlers.wsgi import WSGIHandler\napplication = WSGIHandler()\n"


def project(data: Path, *adopted: str) -> str:
    """The program of a project that has the apps `adopted` beside Django's own, with their URLs."""
    apps = [*adopted, "rest_framework"] if adopted else []
    return PROJECT.format(data=str(data), apps=apps, urls=[f"{app}.urls" for app in adopted if app != "kv"])


@dataclass(frozen=True, slots=True)
class Start:
    """seconds: to the first answer. cpu: seconds of processor time until then. memory: MB of PSS at rest."""

    seconds: float
    cpu: float
    memory: float


def run() -> Iterator[Row]:
    """The site started again and again beside a bare project under granian, with as many workers; then imports."""
    directory = Path(tempfile.mkdtemp(prefix="ch-"))
    try:
        (directory / "bare.py").write_text(project(directory) + _BARE_SITE)
        _start_site(directory)  # the first start makes the tables and collects the files
        pairs = [(_start_site(directory), _start_bare(directory)) for _ in range(_ROUNDS)]
        ours, bare = ([side[number] for side in pairs] for number in (0, 1))
        seconds, cpu = statistics.median(s.seconds for s in ours), statistics.median(s.cpu for s in ours)
        memory = statistics.median(s.memory for s in ours)
        yield Row(
            "start, second time, to the first answer", f"{seconds:.2f} s", "the limit of 2 s",
            f"{_LIMIT_SECONDS:.2f} s", seconds / _LIMIT_SECONDS, "≤1",
        )  # fmt: skip
        theirs = statistics.median(s.cpu for s in bare)
        yield Row(
            "processor time of that", f"{cpu:.2f} s", "a bare Django project, granian, 2 workers", f"{theirs:.2f} s",
            cpu / theirs,
        )  # fmt: skip
        yield Row(
            "memory at rest, PSS of all processes", f"{memory:.0f} MB", "the limit of 200 MB", f"{_LIMIT_MB:.0f} MB",
            memory / _LIMIT_MB, "≤1",
        )  # fmt: skip
        theirs = statistics.median(s.memory for s in bare)
        yield Row(
            "the same", f"{memory:.0f} MB", "a bare Django project, granian, 2 workers", f"{theirs:.0f} MB",
            memory / theirs,
        )  # fmt: skip
        yield from _imports(directory)
    finally:
        shutil.rmtree(directory)


def _imports(directory: Path) -> Iterator[Row]:
    programs = {
        "bare": project(directory),
        "rest_framework": project(directory) + "import rest_framework.serializers, rest_framework.views",
        "adopted": project(directory, "kv", "stats"),
    }
    rounds = [{name: _import_seconds(program) for name, program in programs.items()} for _ in range(_ROUNDS)]
    took = {name: statistics.median(one[name] for one in rounds) for name in programs}
    beyond = took["adopted"] - took["bare"]
    yield Row(
        "import of kv + stats beyond bare Django, CPU", f"{beyond * 1000:.0f} ms", "the limit of 0.15 s",
        f"{_LIMIT_IMPORT * 1000:.0f} ms", beyond / _LIMIT_IMPORT, "≤1",
    )  # fmt: skip
    framework = took["rest_framework"] - took["bare"]
    yield Row(
        "the same", f"{beyond * 1000:.0f} ms", "DRF alone beyond bare Django", f"{framework * 1000:.0f} ms",
        beyond / framework,
    )  # fmt: skip


def _import_seconds(program: str) -> float:
    command = [sys.executable, "-W", "ignore", "-c", program + _TOOK]
    done = subprocess.run(command, cwd=ROOT, env=_plain(), capture_output=True, text=True, check=True)
    return float(done.stdout)


def _start_site(directory: Path) -> Start:
    port = free_port()
    more = {"DATA_DIR": str(directory / "site"), "PORT": str(port), "SITE_URL": f"http://127.0.0.1:{port}"}
    return _measure([sys.executable, "manage.py", "serve"], port, directory / "site", **more, WORKERS="2")


def _start_bare(directory: Path) -> Start:
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4",
        "--log-level", "warning", "--port", str(port), "bare:application",
    ]  # fmt: skip
    return _measure(command, port, directory / "nothing", PYTHONPATH=os.pathsep.join([str(directory), str(ROOT)]))


def _plain() -> dict[str, str]:
    unwanted = ("DJANGO_", "DATABASE_URL", "REDIS_URL", "KV_", "CACHE_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def _measure(command: list[str], port: int, data: Path, **environment: str) -> Start:
    """Start it, wait for its first page, let it serve some more and rest, and end it."""
    begun = time.monotonic()
    with _running(command, {**_plain(), **environment}) as process:
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended")
            time.sleep(0.005)
        seconds = time.monotonic() - begun
        processes = _family(process.pid, data)
        cpu = sum(map(_cpu, processes))
        for _ in range(_REQUESTS):  # each on a connection of its own, so that every worker has served some
            _answers(port)
        time.sleep(_REST_SECONDS)
        return Start(seconds, cpu, sum(map(_pss, _family(process.pid, data))))


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _family(pid: int, data: Path) -> list[int]:
    """A process, all below it, and those that stand apart but name the data directory: the store and its watcher."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(word) for word in task.read_text().split()]
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) not in found:
            try:
                named = os.fsencode(data) in (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [int(entry.name)] if named else []
    return found


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
