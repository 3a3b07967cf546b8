"""A made-up model server: it streams a chat completion as server-sent events, and says at the end what it used."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ModelServer:
    """How it answers next. breaks_after: pieces after which the connection ends; None = never.

    says_usage: whether a complete answer ends with its usage. asked: the bodies of the requests.
    """

    url: str = ""
    pieces: list[str] = field(default_factory=lambda: ["Hel", "lo", "!"])
    read: int = 12
    written: int = 3
    breaks_after: int | None = None
    says_usage: bool = True
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """The server, on a port of its own, until the end of the block."""
    state = ModelServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append({**body, "authorization": self.headers["Authorization"]})
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number, piece in enumerate(state.pieces):
                if number == state.breaks_after:
                    self.close_connection = True
                    return  # in the middle of a body: no last chunk
                self.event({"choices": [{"index": 0, "delta": {"content": piece}}], "usage": None})
            self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": None})
            if state.says_usage:
                total = state.read + state.written
                usage = {"prompt_tokens": state.read, "completion_tokens": state.written, "total_tokens": total}
                self.event({"choices": [], "usage": usage})
            self.chunk(b"data: [DONE]\n\n")
            self.chunk(b"")

        def event(self, data: dict[str, Any]) -> None:
            self.chunk(f"data: {json.dumps(data)}\n\n".encode())

        def chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1/chat/completions"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
