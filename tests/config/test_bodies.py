"""Content types and lengths that would end a request before any view: no 500, whatever a stranger sends."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test.client import FakePayload

from config.wsgi import application
from stats.services.figures import forget_figures
from tests.lanes import SiteClient

UNREADABLE = (
    "application/json; charset=hex",
    "application/json; charset=zip",
    "application/json; charset=undefined",
    "application/json; charset=utf-7",
    'application/json; charset="rot13"',
    "application/json; charset*=utf-8''hex",
    "application/json; x*=no-such-codec'en'x",
    "application/json;charset*0;charset*;x''charset",
)
USE = json.dumps({"tool": "payment-qr"}).encode()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    forget_figures()


@pytest.fixture
def client() -> SiteClient:
    return SiteClient()


def serve(path: str, body: Any, **more: str) -> tuple[int, dict[str, Any]]:
    """One POST through the application itself: the test client would name a length of its own."""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "QUERY_STRING": "", "HTTP_HOST": "localhost", "REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "http",
        "wsgi.input": body, "CONTENT_TYPE": "application/json", **more,
    }  # fmt: skip
    answer = b"".join(application(environ, lambda status, headers: said.append(status)))
    return int(said[0].split()[0]), json.loads(answer)


class TestContentType:
    @pytest.mark.parametrize("content_type", UNREADABLE)
    def test_that_nobody_reads_is_a_415_of_the_api(self, content_type: str, client: SiteClient) -> None:
        answer = client.generic("POST", "/api/track-usage", USE, content_type)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    @pytest.mark.parametrize("content_type", UNREADABLE)
    def test_is_no_matter_without_a_body(self, content_type: str, client: SiteClient) -> None:
        assert client.get("/api/stats?x=%ff", headers={"Content-Type": content_type}).status_code == 200
        assert client.get("/?x=%ff", headers={"Content-Type": content_type}).status_code == 200

    @pytest.mark.parametrize("codec", ["hex", "utf-16", "idna", "unicode_escape"])
    def test_of_a_form_in_another_encoding_leaves_the_form_empty(self, codec: str, client: SiteClient) -> None:
        body = b'--x\r\nContent-Disposition: form-data; name="beneficiary"\r\n\r\n\\ud800\r\n--x--\r\n'
        answer = client.generic("POST", "/pay", body, f"multipart/form-data; boundary=x; charset={codec}")
        assert answer.status_code == 200
        assert "error-summary" in answer.content.decode()

    @pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "US-ASCII"])
    def test_that_says_utf8_is_taken(self, charset: str, client: SiteClient) -> None:
        answer = client.post("/api/track-usage", USE, content_type=f"application/json; charset={charset}")
        assert (answer.status_code, answer.json()) == (200, {"tool": "payment-qr", "count": 1})


class TestChunkedBody:
    def test_is_read(self) -> None:
        answer = serve("/api/track-usage", io.BytesIO(USE), HTTP_TRANSFER_ENCODING="chunked")
        assert answer == (200, {"tool": "payment-qr", "count": 1})

    def test_that_is_too_long_is_refused(self) -> None:
        status, answer = serve("/api/track-usage", io.BytesIO(b" " * 70_000), HTTP_TRANSFER_ENCODING="chunked")
        assert (status, answer["code"]) == (413, "too_large")

    def test_is_read_no_further_than_the_longest_that_is_taken_anywhere(self) -> None:
        body = io.BytesIO(b" " * 3_000_000)
        assert serve("/api/track-usage", body, HTTP_TRANSFER_ENCODING="chunked")[0] == 413
        assert body.tell() < 1_100_000

    def test_with_a_length_is_left_alone(self) -> None:
        answer = serve("/api/track-usage", FakePayload(USE), CONTENT_LENGTH=str(len(USE)))
        assert answer[0] == 200
