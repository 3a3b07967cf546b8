"""JSON in and out: one parser, one renderer, no negotiation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any

import orjson
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

#: The largest body, bytes, unless a view says otherwise.
MAX_BODY = 64 * 1024


class BodyTooLarge(APIException):
    """413: the body is larger than the view takes."""

    status_code = 413
    default_code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes.")


class JsonRenderer(BaseRenderer):
    """orjson, in UTF-8."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The bytes of `data`; none for no data."""
        return b"" if data is None else orjson.dumps(data, default=_plain)


class JsonParser(BaseParser):
    """orjson over a body that is checked for its size first. Raises BodyTooLarge or ParseError."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value that the body spells."""
        view = (parser_context or {}).get("view")
        limit = getattr(view, "max_body", MAX_BODY)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise BodyTooLarge(limit)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError("The body is not valid JSON.", code="malformed_json") from error


class BeaconParser(JsonParser):
    """JSON in a body of the type text/plain, which is what `navigator.sendBeacon(address, text)` sends.

    For calls alone that look at no session: any page may have a browser send such a body, with cookies and without a
    preflight.
    """

    media_type = "text/plain"


class JsonOnly(BaseContentNegotiation):
    """Every caller gets JSON, whatever its Accept says."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """The parser for the body's media type; none leads to 415."""
        media_type = _media_type(request)
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The only renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or "application/json"


def is_beacon(request: Request) -> bool:
    """Whether the body is of the type that `BeaconParser` reads."""
    return _media_type(request) == BeaconParser.media_type


def _media_type(request: Request) -> str:
    return (request.content_type or "").partition(";")[0].strip().lower()


def _plain(value: Any) -> Any:
    """Lazy translations are strings that orjson doesn't know."""
    return str(value)
