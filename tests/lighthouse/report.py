"""One run of Lighthouse: a slow phone (1.6 Mbit/s, 150 ms there and back, a slower processor), a first visit."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.outside import package, program

if TYPE_CHECKING:
    from pathlib import Path

#: How long the site takes for an answer is measured elsewhere (docs/performance.md). Here other programs may run beside
#: it, so Lighthouse is told: several times what it takes on a machine of its own.
SERVER_MS = 30
#: How many times as slow as this machine's the phone's processor is: Lighthouse's own figure.
SLOWDOWN = 4.0
#: The BenchmarkIndex of a phone of the middle class, by which Chrome's developer tools calibrate their slowdown.
PHONE = 1000
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


@dataclass(frozen=True)
class Report:
    """url: where the page was in the end. scores: 0 to 100. lcp: milliseconds until the largest thing is drawn.

    shift: how much moves while the page loads. bytes, requests: of the page with all its files.
    faults: what Lighthouse has to say beside the scores.
    processor: Lighthouse's BenchmarkIndex of the processor that the browser had while it looked.
    """

    url: str
    scores: dict[str, int]
    lcp: float
    shift: float
    bytes: int
    requests: int
    faults: tuple[str, ...]
    processor: float


class LighthouseFailed(Exception):
    """It did not get to look at the page."""


def look_at(url: str, chromium: str, directory: Path, cookie: str = "", slowdown: float = SLOWDOWN) -> Report:
    """Load the page as somebody who was never here, from a server that takes SERVER_MS for each answer.

    cookie: of somebody who is logged in.
    Raises LighthouseFailed.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    server = directory / "server.json"
    known = {"additionalRttByOrigin": {origin: 0}, "serverResponseTimeByOrigin": {origin: SERVER_MS}}
    server.write_text(json.dumps(known))
    headers = directory / "headers.json"
    headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
    done = subprocess.run(
        [
            program("node"), os.fspath(package("lighthouse") / "cli" / "index.js"), url, "--quiet", "--output=json",
            "--output-path=stdout", f"--only-categories={','.join(CATEGORIES)}", "--no-enable-error-reporting",
            "--disable-full-page-screenshot", f"--throttling.cpuSlowdownMultiplier={slowdown:.1f}",
            f"--precomputed-lantern-data-path={server}", f"--extra-headers={headers}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu --ignore-certificate-errors",
        ],
        capture_output=True, cwd=directory, env={**os.environ, "CHROME_PATH": chromium}, timeout=180, check=False,
    )  # fmt: skip
    if done.returncode:
        raise LighthouseFailed(done.stderr.decode()[-2000:])
    return _read(json.loads(done.stdout))


def _read(found: dict[str, Any]) -> Report:
    audits = found["audits"]
    if "runtimeError" in found:
        raise LighthouseFailed(str(found["runtimeError"]))
    weighed = {ref["id"] for one in found["categories"].values() for ref in one["auditRefs"] if ref["weight"]}
    return Report(
        url=found["finalDisplayedUrl"],
        scores={name: round(found["categories"][name]["score"] * 100) for name in CATEGORIES},
        lcp=audits["largest-contentful-paint"]["numericValue"],
        shift=audits["cumulative-layout-shift"]["numericValue"],
        bytes=round(audits["total-byte-weight"]["numericValue"]),
        requests=len(audits["network-requests"]["details"]["items"]),
        faults=tuple(
            f"{audit['title']}: {audit.get('displayValue', '')}"
            for name, audit in audits.items()
            if name in weighed and audit["score"] is not None and audit["score"] < 1
        ),
        processor=found["environment"]["benchmarkIndex"],
    )
