"""Bodies as Django takes them, under any WSGI server: whole or not at all."""

from __future__ import annotations

import io
import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from config.bodies import MAX_KEPT, MAX_READ, body_length
from config.wsgi import application


class Socket(io.RawIOBase):
    """What a WSGI server gives to read from: at most 1000 bytes at once, and an end, whatever was declared."""

    def __init__(self, body: bytes) -> None:
        self._body = io.BytesIO(body)

    def read(self, size: int = -1) -> bytes:
        """As many as there are."""
        return self._body.read(min(size, 1000) if size >= 0 else 1000)


def ask(path: str, body: bytes, **environ: str) -> tuple[int, dict[str, str], Any]:
    """One POST through the site's own application: status, headers, JSON."""
    request: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux) Firefox/140.0",
        "CONTENT_TYPE": "application/json", "wsgi.input": Socket(body), **environ,
    }  # fmt: skip
    setup_testing_defaults(request)
    started: list[Any] = []
    answer = b"".join(application(request, lambda status, headers, *_: started.extend((status, headers))))
    return int(started[0].split()[0]), dict(started[1]), json.loads(answer)


@pytest.mark.django_db
@pytest.mark.usefixtures("store")
class TestWholeness:
    def test_one_that_comes_in_pieces_is_whole(self) -> None:
        body = b'{"tool": "payment-qr"' + b" " * 5000 + b"}"
        status, _, said = ask("/api/track-usage", body, CONTENT_LENGTH=str(len(body)))
        assert (status, said["count"]) == (200, 1)

    @pytest.mark.parametrize("sent", [0, 1, 21])
    def test_one_that_breaks_off_is_refused_and_does_nothing(self, sent: int) -> None:
        body = b'{"tool": "payment-qr"}'
        status, headers, said = ask("/api/track-usage", body[:sent], CONTENT_LENGTH=str(len(body)))
        assert (status, said["code"], list(said["errors"])) == (400, "incomplete_body", ["body"])
        assert headers["Cache-Control"] == "no-store"
        assert ask("/api/track-usage", body, CONTENT_LENGTH=str(len(body)))[2]["count"] == 1

    def test_even_when_what_came_says_something_whole(self) -> None:
        body = b'{"tool": "payment-qr"}'
        assert ask("/api/track-usage", body, CONTENT_LENGTH=str(len(body) + 1))[0] == 400

    def test_a_long_one_that_breaks_off_behind_what_is_kept_is_refused(self) -> None:
        assert ask("/api/track-usage", b" " * MAX_KEPT, CONTENT_LENGTH=str(MAX_KEPT + 10))[0] == 400
        assert ask("/api/track-usage", b" " * (MAX_KEPT + 10), CONTENT_LENGTH=str(MAX_KEPT + 10))[0] == 413

    def test_nothing_is_read_of_one_that_is_far_too_long(self) -> None:
        assert ask("/api/track-usage", b"", CONTENT_LENGTH=str(MAX_READ + 1))[0] == 413

    def test_chunks_are_refused_where_their_end_is_no_ones_to_know(self) -> None:
        status, _, said = ask("/api/track-usage", b'{"tool": "payment-qr"}', HTTP_TRANSFER_ENCODING="chunked")
        assert (status, said["code"]) == (411, "length_required")


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
