"""The HTTP side: authentication, idempotency keys, faults, JSON; and the pages where users pay and cancel."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import stripe

from tests.stripe_fake import pages, shapes
from tests.stripe_fake.actions import Actions
from tests.stripe_fake.conformance import problems
from tests.stripe_fake.dispatch import perform, read_request
from tests.stripe_fake.errors import ApiError
from tests.stripe_fake.forms import parse_form
from tests.stripe_fake.idempotency import Keys
from tests.stripe_fake.state import Fault, Shape, StripeState


class FakeStripe:
    """`with FakeStripe() as stripe:` serves on a free port of this machine; `url` goes into STRIPE_API_BASE."""

    def __init__(self, *, port: int = 0, livemode: bool = False) -> None:
        self.state = StripeState(livemode=livemode)
        self.actions = Actions(self.state)
        handler = type("BoundHandler", (Handler,), {"state": self.state})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.state.site_url = self.url
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.state.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert kind is not None or not self.state.unlike, f"These answers are none of Stripe's: {self.state.unlike}"

    def stock(self) -> dict[str, str]:
        """Two plans, monthly and yearly, and two top-ups; answers their ids by name."""
        made: dict[str, str] = {}
        for plan, month, year in (("plus", 900, 9000), ("premium", 2900, 29000)):
            owner = shapes.product(self.state, plan.capitalize())
            made[plan] = owner["id"]
            made[f"{plan}_month"] = shapes.price(self.state, owner, month, "month")["id"]
            made[f"{plan}_year"] = shapes.price(self.state, owner, year, "year")["id"]
        shapes.portal_configuration(self.state)
        tokens = shapes.product(self.state, "Tokens")
        made["topup_1000"] = shapes.price(self.state, tokens, 500)["id"]
        made["topup_5000"] = shapes.price(self.state, tokens, 2000)["id"]
        return made


class Handler(BaseHTTPRequestHandler):
    """One request. The state is locked while it is answered, as Stripe's own effects are atomic."""

    state: StripeState
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: two would each time wait 40 ms for the other side's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._route("GET", urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._route("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    def do_DELETE(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._route("DELETE", urlsplit(self.path).query or body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (as the base class has it)
        """Tests print nothing."""

    def _route(self, method: str, text: str) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/v1/"):
            self._api(method, path, text)
        else:
            self._page(method, text)

    def _api(self, method: str, path: str, text: str) -> None:
        with self.state.lock:
            self.state.requests.append(f"{method} {path}")
            self.state.asked.append((method, path, text))
            self.request_id = f"req_{len(self.state.requests):06d}"
        key = self.headers.get("Idempotency-Key") if method == "POST" else None
        try:
            with Keys(self.state).alone(key):
                self._answer(method, path, text, key)
        except ApiError as error:
            self._send(error.status, self._refusal(error))

    def _answer(self, method: str, path: str, text: str, key: str | None) -> None:
        """Send the answer: a fault's, the one that is kept under the key, or that of what is done now."""
        keys = Keys(self.state)
        fault: Fault | None
        with self.state.lock:
            fault = self.state.take_fault(f"{method} {path}", early=True)
        if fault is not None and not fault.applied:
            self._fail(fault.status)
            return
        self._authenticate()
        operation, ids, params = read_request(method, path, parse_form(text))
        with self.state.lock:
            kept = keys.replay(key, path, params) if key else None
            if kept is not None:
                self._send(kept.status, kept.body, {"Idempotent-Replayed": "true", "Original-Request": kept.request_id})
                return
            fault = fault or self.state.take_fault(f"{method} {path}", early=False)
            if fault is not None and not fault.applied:
                answer = fault.status, self._failure(fault.status)
            else:
                answer = self._perform(operation, ids, params)
            if fault is not None and fault.applied and fault.is_kept:
                answer = fault.status, self._failure(fault.status)
            if key:
                keys.keep(key, path, params, answer, self.request_id)
        if fault is not None and not fault.is_kept:
            self._fail(fault.status)
        else:
            self._send(*answer)

    def _perform(self, *request: Any) -> tuple[int, Shape]:
        """What is done, and whether what leaves is an object of Stripe's."""
        try:
            body = perform(self.state, *request)
        except ApiError as error:
            return error.status, self._refusal(error)
        if self.state.checks and (found := problems(body, self.state.newer_values)):
            self.state.unlike += found
            return 500, {"error": {"type": "api_error", "message": f"No object of Stripe's: {found}"}}
        return 200, body

    def _authenticate(self) -> None:
        prefix = "sk_live_" if self.state.livemode else "sk_test_"
        if not (self.headers.get("Authorization") or "").startswith((f"Bearer {prefix}", f"Bearer r{prefix[1:]}")):
            raise ApiError(401, "invalid_request_error", "Invalid API Key provided.")
        version = self.headers.get("Stripe-Version", stripe.api_version)
        if version != stripe.api_version:
            raise ApiError(400, "invalid_request_error", f"Invalid Stripe API version: {version}")

    def _fail(self, status: int) -> None:
        if status == 0:
            self.state.released.wait(30)
            self.close_connection = True
            return
        self._send(status, self._failure(status))

    def _failure(self, status: int) -> Shape:
        code = {"code": "rate_limit"} if status == 429 else {}
        return {"error": {"type": "api_error", "message": "On demand.", **code}}

    def _refusal(self, error: ApiError) -> Shape:
        mode = "" if self.state.livemode else "test/"
        log = f"https://dashboard.stripe.com/{mode}logs/{self.request_id}"
        return {"error": {**error.body["error"], "request_log_url": log}}

    def _page(self, method: str, text: str) -> None:
        with self.state.lock:
            page = pages.show(self.state, method, self.path, dict(parse_qsl(text)) if method == "POST" else {})
        headers = {"Location": page.location} if page.location else {}
        self._write(page.status, "text/html; charset=utf-8", page.body.encode(), headers)

    def _send(self, status: int, body: Shape, headers: dict[str, str] | None = None) -> None:
        key = {"Idempotency-Key": self.headers["Idempotency-Key"]} if self.headers.get("Idempotency-Key") else {}
        more = {"Request-Id": self.request_id, "Stripe-Version": str(stripe.api_version), **key, **(headers or {})}
        self._write(status, "application/json", json.dumps(body).encode(), more)

    def _write(self, status: int, kind: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
