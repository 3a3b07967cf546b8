"""The WSGI environment of a request of RSGI."""

from __future__ import annotations

import io
import sys
from functools import lru_cache
from typing import Any


def environ_of(scope: Any) -> dict[str, Any]:
    """The WSGI environment of an RSGI scope (PEP 3333), without its body.

    A header whose name has an underscore is left out: WSGI would give it the name of another header.
    """
    server, port = _server(scope.server)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _latin(scope.path),
        "QUERY_STRING": _latin(scope.query_string),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    headers = scope.headers  # made anew each time
    lines = headers.items()
    # Granian leaves out a value that is not ASCII. The header is there, and empty, as its WSGI interface has it.
    if len(headers) > len(dict(lines)):  # different names, both
        lines += [(name, "") for name in set(headers.keys()).difference(dict(lines))]
    for name, value in lines:
        variable = _VARIABLES.get(name)
        if variable is None:
            if "_" in name:
                continue
            variable = _variable(name)
        if variable in environ:
            environ[variable] += ("; " if name == "cookie" else ",") + value
        else:
            environ[variable] = value
    # Without a Host header Django would use SERVER_NAME.
    environ.setdefault("HTTP_HOST", "")
    return environ


@lru_cache(maxsize=8)
def _server(text: str) -> tuple[str, str]:
    """Name and port of where this process listens."""
    name, _, port = text.rpartition(":")
    return name.strip("[]"), port


def _latin(text: str) -> str:
    """Text as PEP 3333 has it: a character for each byte of its UTF-8."""
    return text if text.isascii() else text.encode().decode("latin-1")


def _variable(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


_USUAL = (
    "host", "user-agent", "accept", "cookie", "x-forwarded-for", "x-forwarded-proto", "authorization", "origin",
    "accept-language", "accept-encoding", "referer", "connection", "priority", "sec-fetch-site", "sec-fetch-mode",
    "sec-fetch-dest", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "x-request-id", "dnt", "sec-gpc",
)  # fmt: skip
# The first two have no prefix HTTP_.
_VARIABLES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_VARIABLES |= {name: _variable(name) for name in _USUAL}
