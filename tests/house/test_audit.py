"""`make audit` finds what pip-audit finds, and never takes silence for a clean bill."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.house import audit

CLEAN = {"name": "django", "version": "5.2.1", "vulns": []}
WEAK = {"name": "orjson", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "redis", "skip_reason": "not found"}


def report(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("out", "errors", "status", "said"),
    [
        (report(CLEAN, CLEAN), "", 0, "audit: 2 locked packages, none with a known weakness"),
        (report(CLEAN, SKIPPED), "", 0, "none with a known weakness; 1 could not be looked up"),
        (report(CLEAN, WEAK), "", 1, "orjson 1.0: PYSEC-1, mended in 1.1"),
        (report(SKIPPED, SKIPPED), "", 0, "SKIPPED"),
        ("", "requests.exceptions.ConnectionError: no", 0, "SKIPPED"),
        ("", "", 0, "SKIPPED"),
    ],
)
def test_says_what_was_found(  # noqa: PLR0917 (one for each column of the table above)
    out: str, errors: str, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = subprocess.CompletedProcess([], 1, out, errors)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    assert audit.main("pip-audit") == status
    assert said in capsys.readouterr().out


def test_a_call_that_it_does_not_understand_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 2, "", "usage: pip-audit"))
    with pytest.raises(RuntimeError):
        audit.main("pip-audit")
