"""10 000 codes at once, by every way there is: the API, the admin's import of both kinds of file, and by a pattern.

The bars are absolute. SQLite is in a file. On PostgreSQL:
`python -m tests.postgres python -m benchmarks codetags_bulk`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client, override_settings

from benchmarks.codetags_list import admin_client
from benchmarks.measure import Row
from codetags.models import CodeTag
from kv.web.spreadsheets import csv_lines
from kv.web.workbooks import write_workbook

_CODES = 10_000
_SECONDS = 10
_REGISTRY = "/admin/codetags/codetag/"
_COLUMNS = ("code", "label", "note", "campaign", "start", "end", "archived")
_PATTERN = "[A-Z][0-9]{4}|[A-Z0-9]{6}"


def run() -> Iterator[Row]:
    """Each way with an empty registry, then with one that has all the codes and gets new labels."""
    with tempfile.TemporaryDirectory(prefix="chb-") as place:
        if database.vendor == "sqlite":
            database.settings_dict["TEST"]["NAME"] = os.fspath(Path(place) / "bench.sqlite3")
        with admin_client() as client, override_settings(RATE_LIMITS=None, CODETAGS_PATTERN=_PATTERN):
            for page in ("import/", "make/"):  # imports what a server has imported long since
                client.get(f"{_REGISTRY}{page}")
            for name, way in _WAYS.items():
                CodeTag.objects.all().delete()
                for what, label in (("added", "Poster"), ("changed", "Banner")):
                    yield from way(client, f"{name}, {what}", label)
            CodeTag.objects.all().delete()
            yield from _made(client)


def _api(client: Client, name: str, label: str) -> Iterator[Row]:
    text = "".join(csv_lines(_rows(label)))
    yield _timed(name, lambda: client.post("/api/code-tags/import", text, content_type="text/csv"), 200)


def _csv(client: Client, name: str, label: str) -> Iterator[Row]:
    yield from _imported(client, name, "codes.csv", "".join(csv_lines(_rows(label))).encode())


def _xlsx(client: Client, name: str, label: str) -> Iterator[Row]:
    head, *rows = _rows(label)
    yield from _imported(client, name, "codes.xlsx", write_workbook(head, rows, title="Codes", widths={}))


_WAYS: dict[str, Callable[[Client, str, str], Iterator[Row]]] = {
    "API, CSV": _api,
    "admin, CSV": _csv,
    "admin, XLSX": _xlsx,
}


def _imported(client: Client, name: str, file: str, content: bytes) -> Iterator[Row]:
    """Both steps: the preview, and the confirmation."""
    shown: list[Any] = []

    def preview() -> Any:
        upload = {"resource": "0", "import_file": SimpleUploadedFile(file, content)}
        shown[:] = [client.post(f"{_REGISTRY}import/", upload)]
        return shown[0]

    yield _timed(f"{name}: preview", preview, 200)
    asked = shown[0].context_data["confirm_form"].initial
    yield _timed(f"{name}: confirmed", lambda: client.post(f"{_REGISTRY}process_import/", asked), 302)


def _made(client: Client) -> Iterator[Row]:
    asked = {"key": "k" * 32, "number": _CODES, "pattern": "??????", "label": "Tram stop {n}", "campaign": "Fair"}
    yield _timed("made by a pattern", lambda: client.post(f"{_REGISTRY}make/", asked), 302)


def _timed(name: str, act: Callable[[], Any], status: int) -> Row:
    began, cpu = time.perf_counter(), time.process_time()
    answer = act()
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    known = CodeTag.objects.count()
    if answer.status_code != status or known not in (0, _CODES):
        raise RuntimeError(f"{name}: {answer.status_code}, {known} codes: {answer.content[:500]!r}")
    note = f"a limit; CPU {spent:.1f} s, {database.vendor}"
    return Row(f"bulk: {name}", f"{took:.1f} s", note, f"{_SECONDS} s", took / _SECONDS, "≤1")


def _rows(label: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [_COLUMNS]
    for number in range(_CODES):
        dates = ("2026-05-01", "2026-05-31")
        rows.append(
            (f"A{number:04}", f"{label} {number}", f"By the door of number {number}", f"Fair {number % 20}", *dates, 0)
        )
    return rows
