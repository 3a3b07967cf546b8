"""The API: hits of codes, and their counts for the staff."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from codetags.conf import COUNTS_LIMIT
from codetags.errors import BadCursor, MalformedCode
from codetags.serializers import CountsInput, CountsOutput, HitInput, HitOutput
from codetags.services import codes, counts, exclusions, hits
from codetags.services.cookies import COUNTED_COOKIE, COUNTED_SECONDS
from codetags.types import CodeCounts, Outcome
from kv.addresses import client_address
from kv.rest.errors import InvalidInput
from kv.rest.negotiation import JsonParser
from kv.rest.permissions import holds
from kv.rest.views import ApiView, PublicView

# The smallest picture there is: one transparent point.
_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_MALFORMED = "This is not a code: by default four letters or digits."
_CODE = OpenApiParameter("code", OpenApiTypes.STR, required=True, description="Upper-cased first.")
_HIT = {
    200: OpenApiResponse(HitOutput, "Counted or not; a 1×1 GIF for an Accept that begins with image/."),
}


class HitView(PublicView):
    """GET or POST {code}: count a landing, once a day for each visitor and code."""

    parser_classes = [JsonParser, FormParser, MultiPartParser]
    _failed: Exception | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer what landings send without DRF's machinery, which costs as much as the counting itself."""
        # A body that is too large is refused below, though the code stands in the query.
        is_small = len(request.META.get("CONTENT_LENGTH") or "") < len(str(self.max_body))
        if request.method in ("GET", "POST") and "code" in request.GET and is_small:
            try:
                return self._answer(request, request.GET["code"])
            except Exception as error:  # noqa: BLE001 (raised again in `initial`, for DRF's way of saying so)
                self._failed = error
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """What the short way could not answer."""
        if self._failed is not None:
            raise self._failed
        super().initial(request, *args, **kwargs)

    @extend_schema(operation_id="record_hit_by_get", parameters=[_CODE], responses=_HIT)
    def get(self, request: Request) -> HttpResponse:
        """Count a landing: for a picture in a page without scripts."""
        return self._answer(request._request, request.query_params.get("code"))  # noqa: SLF001 (DRF's documented way)

    @extend_schema(operation_id="record_hit", request=HitInput, responses=_HIT)
    def post(self, request: Request) -> HttpResponse:
        """Count a landing. The code may also stand in the query."""
        data = request.data if hasattr(request.data, "get") else {}
        return self._answer(request._request, request.query_params.get("code") or data.get("code"))  # noqa: SLF001

    def _answer(self, request: HttpRequest, text: Any) -> HttpResponse:
        if not isinstance(text, str):
            raise InvalidInput("code", "This field is required.")
        try:
            code = codes.parse_code(text)
        except MalformedCode as error:
            raise InvalidInput("code", _MALFORMED) from error
        known = codes.read_remembered(request.COOKIES.get(COUNTED_COOKIE, ""))
        if code in known or exclusions.is_excluded(request.method or "", request.META) or _is_staff(request):
            return _response(request, code, counted=False)
        outcome = hits.record_hit(
            code=code, address=client_address(request), agent=request.META.get("HTTP_USER_AGENT", "")
        )
        response = _response(request, code, counted=outcome is Outcome.COUNTED)
        if outcome is not Outcome.OUTSIDE:  # who comes too early may still be counted when the code has begun
            response.set_cookie(
                COUNTED_COOKIE,
                codes.write_remembered(known, code),
                max_age=COUNTED_SECONDS,
                path="/",
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
        return response


class CountsView(ApiView):
    """GET: the counts of codes, most hits first."""

    permission_classes = [IsAuthenticated, holds("codetags.view_counts")]
    rate_limit = COUNTS_LIMIT

    @extend_schema(operation_id="list_codes", parameters=[CountsInput], responses=CountsOutput)
    def get(self, request: Request) -> Response:
        """The counts of codes; `from` and `to` choose days."""
        form = CountsInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        try:
            page = counts.list_codes(
                limit=asked["limit"], before=asked.get("before"), since=asked.get("from"), until=asked.get("to")
            )
        except BadCursor as error:
            raise InvalidInput("before", "No list has given this out.") from error
        body = {"codes": [_shown(code) for code in page.codes], "next": page.next}
        return Response(body, headers={"Cache-Control": "no-store"})


def _shown(code: CodeCounts) -> dict[str, Any]:
    return {
        "code": code.code,
        "label": code.label,
        "count": code.count,
        "last_seen": code.last_seen,
        "last_30_days": list(code.last_30_days),
    }


def _is_staff(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    return bool(user and user.is_staff)


def _response(request: HttpRequest, code: str, *, counted: bool) -> HttpResponse:
    if request.META.get("HTTP_ACCEPT", "").lstrip().startswith("image/"):
        response = HttpResponse(_PIXEL, content_type="image/gif")
    else:
        response = HttpResponse(orjson.dumps({"code": code, "counted": counted}), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
