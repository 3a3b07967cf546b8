"""The four apps in projects that differ from a fresh one in one thing: settings, users, addresses, databases."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import clean_environment

HERE = Path(__file__).parent / "variations"
sys.path.insert(0, str(HERE))
from variants import VARIANTS  # type: ignore[import-not-found]  # noqa: E402 (it is in the project that is made)

sys.path.remove(str(HERE))

pytestmark = pytest.mark.slow

PUBLIC = ("/pay", "/statistics", "/cookies", "/privacy", "/cookies/settings", "/cookies/notice.css", "/pricing")
#: Nobody has a session there, or a session is no log-in for the API.
NOBODY_SPENDS = {"no_sessions", "no_middleware", "rest_by_token_alone", "urls_of_the_pages", "no_counts_while_away"}


def walk_through(variant: str, interpreter: Path, where: Path) -> dict[str, Any]:
    """What `variations/drive.py` saw."""
    shutil.copytree(HERE, where, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    run = subprocess.run(
        [str(interpreter), "-W", "error::RuntimeWarning", "drive.py"],
        cwd=where, env=clean_environment() | {"VARIANT": variant}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    said: dict[str, Any] = json.loads(run.stdout)
    assert all("site-packages" in place for place in said["from"])
    return said


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_nothing_falls(variant: str, interpreter: Path, tmp_path: Path) -> None:
    said = walk_through(variant, interpreter, tmp_path)
    assert said["failed"] == {}
    seen = said["seen"]
    if variant not in NOBODY_SPENDS:
        assert (seen["spend"]["balance"], seen["balance"]) == (94, 94)  # 100 less a generation and an article
        assert set(seen["errors"]) == {"detail", "code", "errors"}
        assert datetime.fromisoformat(seen["tokens"]["period_start"]).tzinfo is not None
    if "live" in seen and variant != "no_counts_while_away":
        assert seen["live"] == [200, ""]  # the dashboard's part, not a redirect to another page
    if "visit" in seen and variant != "no_counts_while_away":
        assert (seen["visit"]["visitors"], seen["hit"]) == (1, {"code": "BT26", "counted": True})
        assert seen["hook"]["code"] == "billing_off"
    if variant == "log_in_for_everything":
        assert {said["statuses"][f"stranger get {path}"] for path in PUBLIC} == {200}
        # The link in a mail, with a wrong secret; mail programs use it too.
        stop = [status for what, status in said["statuses"].items() if what.endswith("/mails/stop/<str:token>")]
        assert set(stop) == {404}
