"""`make audit`: whether a locked package has a known weakness, asked of pip-audit in an environment of its own.

Ends with 1 when one has. Where the data can't be reached it says so and ends with 0: that is no finding.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")
SERVICES = ("pypi", "osv")
_TIMEOUT_SECONDS = 300


def say(line: str) -> None:
    """To whoever runs it."""
    sys.stdout.write(line + "\n")


def main(program: str) -> int:
    """Print what was found; the exit status."""
    for service in SERVICES:
        found, trouble = ask(program, service)
        if found is not None:
            break
        say(f"audit: {service} can't be asked: {trouble}")
    else:
        say("audit: SKIPPED, the data on known weaknesses can't be reached from here")
        return 0
    lines, known = findings(found), [package for package in found["dependencies"] if "vulns" in package]
    unknown = len(found["dependencies"]) - len(known)
    said = f"audit: {len(known)} locked packages, none with a known weakness"
    say("\n".join(lines) or said + (f"; {unknown} could not be looked up" if unknown else ""))
    return 1 if lines else 0


def ask(program: str, service: str) -> tuple[dict[str, Any] | None, str]:
    """pip-audit's report on both locks, or None and why there is none. Raises RuntimeError for a defect of the call."""
    locks = [word for lock in LOCKS for word in ("--requirement", str(ROOT / lock))]
    command = [program, *locks, "--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off"]
    try:
        run = subprocess.run(
            [*command, "--vulnerability-service", service, "--timeout", "10"],
            capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, "no answer in time"
    try:
        report: dict[str, Any] = json.loads(run.stdout)
    except ValueError:
        last = (run.stderr.strip().splitlines() or ["no answer"])[-1]
        if "usage:" in run.stderr:
            raise RuntimeError(run.stderr) from None
        return None, last
    if not any("vulns" in package for package in report["dependencies"]):
        return None, "it knows none of the packages"  # a mirror, say, that has files and no advisories
    return report, ""


def findings(report: dict[str, Any]) -> list[str]:
    """A line for each weakness: package, version, its name, where it is mended."""
    return [
        f"{package['name']} {package['version']}: {weakness['id']}, mended in "
        f"{', '.join(weakness['fix_versions']) or 'no version yet'}"
        for package in report["dependencies"]
        for weakness in package.get("vulns", ())
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
