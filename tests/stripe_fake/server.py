"""The HTTP side: authentication, idempotency keys, faults, JSON; and the pages where people pay and cancel."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.stripe_fake import pages, shapes
from tests.stripe_fake.api import answer
from tests.stripe_fake.desk import Desk
from tests.stripe_fake.errors import ApiError
from tests.stripe_fake.forms import parse_form
from tests.stripe_fake.world import Shape, World


class FakeStripe:
    """`with FakeStripe() as stripe:` serves on a free port of this machine; `url` goes into STRIPE_API_BASE."""

    def __init__(self, *, port: int = 0, livemode: bool = False) -> None:
        self.world = World(livemode=livemode)
        self.desk = Desk(self.world)
        handler = type("BoundHandler", (Handler,), {"world": self.world})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.world.site_url = self.url
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.world.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def stock(self) -> dict[str, str]:
        """Two plans, monthly and yearly, and two top-ups; answers their ids by name."""
        made: dict[str, str] = {}
        for plan, month, year in (("plus", 900, 9000), ("premium", 2900, 29000)):
            owner = shapes.product(self.world, plan.capitalize())
            made[plan] = owner["id"]
            made[f"{plan}_month"] = shapes.price(self.world, owner, month, "month")["id"]
            made[f"{plan}_year"] = shapes.price(self.world, owner, year, "year")["id"]
        shapes.portal_configuration(self.world)
        tokens = shapes.product(self.world, "Tokens")
        made["topup_1000"] = shapes.price(self.world, tokens, 500)["id"]
        made["topup_5000"] = shapes.price(self.world, tokens, 2000)["id"]
        return made


class Handler(BaseHTTPRequestHandler):
    """One request. The world is locked while it is answered, as Stripe's own effects are atomic."""

    world: World
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: two would each time wait 40 ms for the other side's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if urlsplit(self.path).path.startswith("/v1/"):
            self._api("GET", parse_form(urlsplit(self.path).query))
        else:
            self._page("GET", {})

    def do_POST(self) -> None:
        form = parse_form(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        if urlsplit(self.path).path.startswith("/v1/"):
            self._api("POST", form)
        else:
            self._page("POST", form)

    def do_DELETE(self) -> None:
        self._api("DELETE", parse_form(urlsplit(self.path).query))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Tests print nothing."""

    def _api(self, method: str, params: dict[str, Any]) -> None:
        path = urlsplit(self.path).path
        with self.world.lock:
            self.world.requests.append(f"{method} {path}")
            fault = self.world.take_fault(f"{method} {path}")
        if fault is not None and not fault.applied:
            self._fail(fault.status)
            return
        with self.world.lock:
            status, body = self._answer(method, path, params)
        if fault is not None:
            self._fail(fault.status)
        else:
            self._send(status, body)

    def _answer(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, Shape]:
        try:
            self._authenticate()
            key = self.headers.get("Idempotency-Key") if method == "POST" else None
            return 200, self._once(key, method, path, params) if key else answer(self.world, method, path, params)
        except ApiError as error:
            return error.status, error.body

    def _once(self, key: str, method: str, path: str, params: dict[str, Any]) -> Shape:
        """Do it, or answer what was answered the first time."""
        asked = json.dumps([path, params], sort_keys=True)
        first, body = self.world.answers.get(key) or (asked, None)
        if first != asked:
            raise ApiError(400, "idempotency_error", "The key was used with other parameters.")
        if body is None:
            body = answer(self.world, method, path, params)
            self.world.answers[key] = (asked, body)
        return body

    def _authenticate(self) -> None:
        prefix = "sk_live_" if self.world.livemode else "sk_test_"
        if not (self.headers.get("Authorization") or "").startswith((f"Bearer {prefix}", f"Bearer r{prefix[1:]}")):
            raise ApiError(401, "invalid_request_error", "Invalid API Key provided.")

    def _fail(self, status: int) -> None:
        if status == 0:
            self.world.released.wait(30)
            self.close_connection = True
            return
        kind = "rate_limit" if status == 429 else None
        self._send(status, {"error": {"type": "api_error", "message": "On demand.", "code": kind}})

    def _page(self, method: str, form: dict[str, Any]) -> None:
        with self.world.lock:
            page = pages.show(self.world, method, urlsplit(self.path).path, form)
        self._write(page.status, "text/html; charset=utf-8", page.body.encode(), page.location)

    def _send(self, status: int, body: Shape) -> None:
        self._write(status, "application/json", json.dumps(body).encode(), None)

    def _write(self, status: int, kind: str, body: bytes, location: str | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", f"req_{len(self.world.requests):06d}")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
