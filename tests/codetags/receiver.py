"""A receiver of hits, such as somebody would run: checks signatures, remembers what it took."""

from __future__ import annotations

import hmac
import json
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from tests.faults.certificates import Pair

SECRET = "a secret of tests"
R = TypeVar("R", bound="Receiver")


class Receiver:
    """`answer` decides the status for each body; what got 200 is in `taken`, everything in `seen`."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.taken: Counter[str] = Counter()
        self.signed = True
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda _: 200
        self.port = 0
        self.is_chunked = False
        self.connections = 0
        self.scheme = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hits?key=1"

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
def receiving(pair: Pair | None = None) -> Iterator[Receiver]:
    """pair: answer by TLS with this certificate."""
    with served(Receiver(), pair) as receiver:
        yield receiver


@contextmanager
def served(receiver: R, pair: Pair | None = None) -> Iterator[R]:
    """A receiver of some kind, on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if len(body) < int(self.headers["Content-Length"]):  # the sender died amid its request
                self.close_connection = True
                return
            status = receiver.take(body, dict(self.headers))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", receiver.url)
            self.send_header(*(("Transfer-Encoding", "chunked") if receiver.is_chunked else ("Content-Length", "0")))
            self.end_headers()
            if receiver.is_chunked:
                self.wfile.write(b"2\r\nok\r\n0\r\n\r\n")

        def log_message(self, *args: Any) -> None:
            """Not into the tests' output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.port = server.server_address[1]
        if pair is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.certificate, pair.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            receiver.scheme = "https"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def slow_receiver(head: bytes) -> Iterator[str]:
    """The address of a receiver that answers `head` at once and then a byte at a time, for 20 seconds at most."""
    ended = threading.Event()

    def send_bytewise(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            for _ in range(400):
                if ended.wait(0.05):
                    return
                connection.sendall(b"x")

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=send_bytewise, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
