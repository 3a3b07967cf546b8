"""The files of docs/frontend.md, and a server for them."""

from __future__ import annotations

import http.server
import re
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tests.house.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FENCE = re.compile(r'^```\w+ title="(?P<name>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
#: The address of the site as the page writes it.
SITE = "https://counts.example.org"


def files_of_the_page() -> dict[str, str]:
    """Name → text of each file that the page shows."""
    text = (ROOT / "docs" / "frontend.md").read_text()
    return {found["name"]: found["text"] for found in _FENCE.finditer(text)}


def write_files(directory: Path, *names: str, site: str) -> None:
    """Write the page's files, for a site at this address."""
    files = files_of_the_page()
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The client is one file for all front ends; each has it where its own files are.
        text = files.get(name) or files[path.name]
        path.write_text(text.replace(SITE, site))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in the library)
        """Say nothing."""


@contextmanager
def served(directory: Path, port: int) -> Iterator[str]:
    """The directory's files at this address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(directory)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
