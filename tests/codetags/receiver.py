"""A receiver of hits, such as somebody would run: checks signatures, remembers what it took."""

from __future__ import annotations

import hmac
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a secret of tests"


class Receiver:
    """`answer` decides the status for each body; what got 200 is in `taken`, everything in `seen`."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.taken: Counter[str] = Counter()
        self.signed = True
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda _: 200
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hits?key=1"

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        event = json.loads(body)
        stamp, signature = (part.partition("=")[2] for part in headers["Countinghouse-Signature"].split(","))
        wanted = hmac.digest(SECRET.encode(), stamp.encode() + b"." + body, "sha256").hex()
        self.signed = self.signed and hmac.compare_digest(wanted, signature)
        self.seen.append(event)
        self.headers.append(headers)
        status = self.answer(event)
        if status < 300:
            self.taken[event["id"]] += 1
        return status


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take(body, dict(self.headers))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", receiver.url)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Not into the tests' output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
