"""A project of somebody else's, made by the words of the documents, and a browser for it."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from tests.adoption.documents import blocks_of
from tests.packaging.conftest import clean_environment
from tests.ports import free_port

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PASSWORD = "a long secret"
#: A machine under test may be slow for longer than the 250 ms that a site waits for its store.
PATIENCE = """
KV_TIMEOUT_MS = 5000
CACHES["kv"]["OPTIONS"].update(SOCKET_TIMEOUT=5, SOCKET_CONNECT_TIMEOUT=5)
"""
_DEADLINE = 60.0
Instead = Mapping[str, str | None] | None


@dataclass
class Project:
    """interpreter: of an environment with the package. home: the project's directory. settings: its settings' file.

    server:  what serves it instead of `runserver`; the port is its last argument.
    is_kept: what keeps running begins with `open`, when the last app's page is followed.
    """

    interpreter: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    settings: str = "shop/settings.py"
    server: tuple[str, ...] = ()
    is_kept: bool = False
    has_patience: bool = False
    typed: dict[str, list[str]] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for process in reversed(self.running):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def follow(
        self,
        page: str,
        *,
        files: Mapping[str, str] = MappingProxyType({}),
        instead: Instead = None,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Do what the page says.

        files:   where this project has a file of the page, such as its settings.
        instead: what this project writes into a file in place of the page's example; None: nothing, it has its own.
        names:   what things are called here, such as a list of patterns.
        """
        instead = instead or {}
        for block in blocks_of(page):
            if block.kind == "sh":
                for line in block.text.splitlines():
                    self.type(line, terminal=block.title)
            elif (text := instead.get(block.title, block.text)) is not None:
                for name, ours in names.items():
                    text = text.replace(name, ours)
                self.write(files.get(block.title, block.title), text)

    def write(self, name: str, text: str) -> None:
        """Put a block at the end of a file."""
        assert name, f"no file is named for: {text}"
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if path.exists() else ""
        if name == self.settings:
            text = _once(text, before)
        if name.endswith(".html") and before:
            return  # the same example as on the page before
        path.write_text(before + text)

    def type(self, line: str, *, terminal: str = "") -> None:
        """Type a command. In a terminal of its own it keeps running."""
        words = line.partition("#")[0].split()
        if words[0] == "pip":
            assert words[1] == "install"
            assert words[2].strip('"').partition("[")[0] == "countinghouse"
            return
        if words[0] == "django-admin":
            if not (self.home / "manage.py").exists():
                self.run("-m", "django", *words[1:])
            return
        assert words[0] == "python", line
        if not self.has_patience:
            self.write(self.settings, PATIENCE)
            self.has_patience = True
        once = terminal or ("createsuperuser" if "createsuperuser" in words else "")
        if once in self.typed:
            return  # by an app's page before this one
        if once:
            self.typed[once] = words
        if terminal and not self.is_kept:
            self.open(terminal)
        elif not terminal:
            self.run(*words[1:], *(("--noinput",) if once else ()))

    def open(self, terminal: str) -> None:
        """Begin what keeps running there."""
        words = self.typed[terminal]
        if words[2] == "runserver" and self.server:
            self.start(str(self.interpreter), *self.server, str(self.port), name="server")
            return
        more = (f"127.0.0.1:{self.port}", "--noreload") if words[2] == "runserver" else ()
        self.start(str(self.interpreter), *words[1:], *more, name=words[2])

    def run(self, *arguments: str) -> str:
        """What a command of Python's says. Fails with it."""
        run = subprocess.run(
            [str(self.interpreter), *arguments], cwd=self.home, env=self._variables(),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert run.returncode == 0, f"{' '.join(arguments)}\n{run.stdout}\n{run.stderr}"
        return run.stdout + run.stderr

    def start(self, *command: str, name: str) -> None:
        """A command that keeps running; its log is `<name>.log`."""
        with (self.home / f"{name}.log").open("wb") as log:
            self.running.append(
                subprocess.Popen(
                    command, cwd=self.home, env=self._variables(), stdout=log, stderr=log, start_new_session=True
                )
            )

    def wait(self, path: str = "/") -> None:
        """Until the site answers."""
        deadline = time.monotonic() + _DEADLINE
        while True:
            try:
                urllib.request.urlopen(self.url + path, timeout=30).close()
            except urllib.error.HTTPError as error:
                error.close()
                return
            except OSError:
                assert time.monotonic() < deadline, self.logs()
                self.pause()
            else:
                return

    def pause(self) -> None:
        """A moment, in which the commands that keep running must do so."""
        for process in self.running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                raise AssertionError(f"it has ended: {process.args!r}\n{self.logs()}")

    def until(self, what: Callable[[], Any], wanted: Any) -> None:
        """Ask until it is so."""
        deadline = time.monotonic() + _DEADLINE
        while (found := what()) != wanted:
            assert time.monotonic() < deadline, f"{found!r} is not {wanted!r}\n{self.logs()}"
            self.pause()

    def logs(self) -> str:
        """The end of each log."""
        return "\n".join(f"== {path.name}\n{path.read_text()[-3000:]}" for path in sorted(self.home.glob("*.log")))

    def _variables(self) -> dict[str, str]:
        superuser = {"USERNAME": "root", "EMAIL": "root@example.org", "PASSWORD": PASSWORD}
        named = {f"DJANGO_SUPERUSER_{name}": value for name, value in superuser.items()}
        return clean_environment() | named | {"PYTHONDONTWRITEBYTECODE": "1"} | self.environment


def _once(text: str, before: str) -> str:
    """INSTALLED_APPS without what an app's page before this one has named."""
    found = re.search(r"^INSTALLED_APPS = \[(.*), \*INSTALLED_APPS\]$", text, flags=re.MULTILINE)
    if not found:
        return text
    rest = [name for name in found[1].split(", ") if name not in before]
    return text.replace(found[1], ", ".join(rest)) if rest else text.replace(found[0], "")


class Browser:
    """Of one visitor: cookies, a form's token, and what a page asks the API."""

    def __init__(self, project: Project, prefix: str = "") -> None:
        self.project = project
        self.url = project.url + prefix
        self.headers: dict[str, str] = {}
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> str:
        """A page."""
        return self._open(path, None, {})[1]

    def send(self, path: str, fields: dict[str, str]) -> str:
        """A form."""
        return self._open(path, urllib.parse.urlencode(fields).encode(), {})[1]

    def call(self, path: str, body: Any = None, *, method: str = "POST") -> Any:
        """An API call; its answer, whatever its status."""
        data = None if method == "GET" else json.dumps(body or {}).encode()
        return json.loads(self._open(path, data, {"Content-Type": "application/json"})[1])

    def log_in(self, path: str = "/admin/login/", name: str = "root") -> None:
        """By the admin's form or one with the same fields."""
        self.get(path)
        token = {"csrfmiddlewaretoken": self.cookie("csrftoken"), "username": name, "password": PASSWORD}
        self.send(path, {**token, "next": self.url.removeprefix(self.project.url) + "/admin/"})
        assert self.cookie("sessionid"), self.project.logs()

    def cookie(self, name: str) -> str:
        """Its value, "" without one."""
        return next((cookie.value or "" for cookie in self.jar if cookie.name == name), "")

    def _open(self, path: str, data: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        target = path if path.startswith("http") else self.url + path
        known = {"User-Agent": AGENT, "Sec-Fetch-Site": "same-origin", "Origin": self.project.url}
        if token := self.cookie("csrftoken"):
            known["X-CSRFToken"] = token
        request = urllib.request.Request(target, data, known | headers | self.headers)
        try:
            with self.opener.open(request, timeout=_DEADLINE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read().decode()
        assert status < 500, f"{target}: {status}\n{text[:2000]}\n{self.project.logs()}"
        return status, text
