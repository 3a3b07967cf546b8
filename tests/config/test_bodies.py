"""Bodies are read before Django begins, by all threads but one."""

from __future__ import annotations

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from config.bodies import THREADS, body_length
from config.wsgi import application

PATIENCE = 10.0


class SlowBody(io.BytesIO):
    """A body of which nothing comes until `sent` is set."""

    def __init__(self, sent: threading.Event) -> None:
        super().__init__(b"{}")
        self.sent = sent
        self.asked = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        """Wait for the sender."""
        self.asked.set()
        assert self.sent.wait(PATIENCE)
        return super().read(size)


def ask(method: str, path: str, body: io.BytesIO | None = None) -> tuple[int, dict[str, str], bytes]:
    """One request through the site's own application: status, headers, body."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "HTTP_USER_AGENT": "Mozilla/5.0 Firefox/140.0",
    }
    if body is not None:
        environ |= {"wsgi.input": body, "CONTENT_LENGTH": "2", "CONTENT_TYPE": "application/json"}
    setup_testing_defaults(environ)
    heard: list[Any] = []
    answer = b"".join(application(environ, lambda status, headers, *_: heard.extend((status, headers))))
    return int(heard[0].split()[0]), dict(heard[1]), answer


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
def test_slow_senders_leave_one_thread_and_are_told_so() -> None:
    sent = threading.Event()
    slow = [SlowBody(sent) for _ in range(THREADS - 1)]
    refused = SlowBody(sent)
    with ThreadPoolExecutor(len(slow)) as threads:
        answers = [threads.submit(ask, "POST", "/api/stats/visit", body) for body in slow]
        try:
            assert all(body.asked.wait(PATIENCE) for body in slow)
            for _ in range(2):
                status, headers, body = ask("POST", "/api/stats/visit", refused)
                assert (status, json.loads(body)["code"], headers["Retry-After"]) == (503, "busy", "1")
            assert not refused.asked.is_set()
            assert ask("GET", "/healthz")[0] == 200
            assert ask("POST", "/api/stats/visit")[0] == 200
        finally:
            sent.set()
        assert [answer.result()[0] for answer in answers] == [200] * len(slow)
    assert ask("POST", "/api/stats/visit", refused)[0] == 200


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ("", 0), ("0", 0), ("000", 0), ("12", 12), ("-5", 0), ("5x", 0), ("\u0665", 0),
        ("000000000000000100000000000", 100_000_000_000), ("9" * 5000, 10**15 - 1),
    ],
)  # fmt: skip
def test_a_length_is_read_whatever_its_zeros(said: str, length: int) -> None:
    assert body_length({"CONTENT_LENGTH": said}) == length


def test_no_length_is_none() -> None:
    assert body_length({}) == 0
