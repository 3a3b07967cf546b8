"""Requests as a browser sends them for a page of another origin."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.faults.site import BROWSER

if TYPE_CHECKING:
    from tests.faults.site import Site

SENT = ("content-type", "idempotency-key", "x-csrftoken", "x-request-id", "authorization")
_NUMBERS = count()


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def allowed(self) -> tuple[str | None, str | None]:
        """The origin that may read it, and whether with credentials."""
        return self.headers["Access-Control-Allow-Origin"], self.headers["Access-Control-Allow-Credentials"]

    @property
    def of_cors(self) -> list[str]:
        return [name for name in self.headers if name.lower().startswith("access-control-")]

    @property
    def varies_by_origin(self) -> bool:
        return "origin" in {name.strip().lower() for name in ",".join(self.headers.get_all("Vary") or ()).split(",")}

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["code"])


def ask(site: Site, method: str, path: str, origin: str | None = None, *, body: Any = None, **headers: str) -> Answer:
    """One request. headers: `Content_Type="text/plain"` is sent as Content-Type. body: bytes, or JSON."""
    number = next(_NUMBERS)  # each from an address of its own, so that no limit is reached
    sent = {"User-Agent": BROWSER, "X-Forwarded-For": f"10.3.{number // 250}.{number % 250 + 1}"}
    sent |= {} if origin is None else {"Origin": origin}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent["Content-Type"] = "application/json"
    sent |= {name.replace("_", "-"): value for name, value in headers.items() if value}
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def preflight(
    site: Site, path: str, origin: str, method: str, *, cookie: str = "", sent: tuple[str, ...] = SENT
) -> Answer:
    asked = {"Access_Control_Request_Method": method, "Access_Control_Request_Headers": ", ".join(sent)}
    return ask(site, "OPTIONS", path, origin, Cookie=cookie, **asked)
