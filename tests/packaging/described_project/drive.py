"""Describes each app alone, and all of them, in projects with and without defaults of their own; prints what came."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

#: Apps, whose defaults for DRF, version of OpenAPI.
RUNS = (
    ("stats", "none", "3.0.3"),
    ("codetags", "none", "3.0.3"),
    ("usertokens", "none", "3.0.3"),
    ("usertokens,billing", "none", "3.0.3"),
    ("stats,codetags,usertokens,billing", "theirs", "3.0.3"),
    ("stats,codetags,usertokens,billing", "theirs", "3.1.1"),
)


def described(apps: str, defaults: str, oas: str) -> dict[str, Any]:
    """What `manage.py spectacular` says and writes."""
    options = ["--validate", "--fail-on-warn", "--format", "openapi-json"]
    command = [sys.executable, "-m", "django", "spectacular", *options]
    environment = {**os.environ, "APPS": apps, "DEFAULTS": defaults, "OAS": oas, "DJANGO_SETTINGS_MODULE": "settings"}
    run = subprocess.run(command, env={**environment, "PYTHONPATH": "."}, capture_output=True, text=True, check=False)
    return {"status": run.returncode, "said": run.stderr, "schema": json.loads(run.stdout or "null")}


def main() -> dict[str, Any]:
    """Each app alone, and all of them beside an API of the project's own."""
    import kv

    return {"from": [kv.__file__], "runs": {" ".join(run): described(*run) for run in RUNS}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
