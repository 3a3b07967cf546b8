"""The API: hits of codes, and their counts for the staff."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from codetags import keys
from codetags.conf import COUNTS_LIMIT
from codetags.errors import BadCursor, MalformedCode, TooManyDays
from codetags.serializers import CodeDetailsOutput, CountsInput, CountsOutput, DaysInput, HitInput, HitOutput
from codetags.services import campaign_counts, codes, counts, placements
from codetags.services.code_details import CodeDetails, read_code
from codetags.services.cookies import COUNTED_COOKIE
from codetags.types import CampaignCounts, CodeCounts, Reason
from codetags.views import answers, examples, lane
from kv.rest.codes import DATABASE_UNAVAILABLE, INVALID_INPUT, NOT_FOUND, RATE_LIMITED
from kv.rest.errors import InvalidInput
from kv.rest.fields import CALLER_ID
from kv.rest.inputs import NoInput, unknown_fields
from kv.rest.negotiation import BeaconParser
from kv.rest.permissions import holds, is_staff
from kv.rest.schema import extend_schema, parameter, response
from kv.rest.views import ANY_BODY, ApiView, PublicView
from kv.store.steps import drive
from kv.web.lane.calls import FAILED, Failure, failure_of

_MALFORMED = "This is not a code: by default four letters or digits."
_FIELDS = frozenset(HitInput().fields)
_PARAMETERS = [
    parameter("code", str, description="Upper-cased first."),
    parameter("id", CALLER_ID, description="Of one landing: the same id counts once within a day."),
    parameter("at", str, description="The placement of the code: letters, digits and hyphens. Counted below the code."),
    parameter(
        "referrer", str, description="The host of the page before the landing page; of a URL only its host is kept."
    ),
    parameter("unreadable", str, enum=["1"], description="In the place of a code: the link's can't be read."),
]
_PATH = parameter("code", {"type": "string", "pattern": "^[0-9A-Za-z_~-]{1,32}$"}, "path", description="In any case.")
_LONGEST_ID = 64
_LONGEST_URL = 2048
_COUNTED = "Counted or not; a 1×1 GIF for an Accept that begins with image/."
_HIT = {
    (200, "application/json"): response(HitOutput, _COUNTED),
    (200, "image/gif"): response({"type": "string", "format": "binary"}, _COUNTED),
}


class HitView(PublicView):
    """GET or POST {code}: count a landing, once a day for each visitor and code."""

    fast = MappingProxyType(lane.ANSWERS)
    parser_classes = [BeaconParser, *ANY_BODY]
    codes = (INVALID_INPUT, RATE_LIMITED, DATABASE_UNAVAILABLE)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer usual landings without DRF, which would take as much time as the counting itself."""
        # Calls with a body go to DRF even when the code is in the query: it may be too large or have unknown fields.
        is_short = request.META.get("CONTENT_LENGTH") in {None, "", "0"} and request.method in {"GET", "POST"}
        is_short = is_short and failure_of(request) is None
        if is_short and ("code" in request.GET or "unreadable" in request.GET):
            try:
                return self._answer(request, {})
            except Exception as error:  # noqa: BLE001 (raised again in `initial`, so that DRF formats it)
                request.META[FAILED] = Failure(error, asked_who=False)
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(operation_id="record_hit_by_get", examples=examples.HIT[1:], parameters=_PARAMETERS, responses=_HIT)
    def get(self, request: Request) -> HttpResponse:
        """Count a landing by an image: a page without scripts has one."""
        return self._answer(self.django_request, {})

    @extend_schema(
        operation_id="record_hit", examples=examples.HIT, parameters=_PARAMETERS, request=HitInput, responses=_HIT
    )
    def post(self, request: Request) -> HttpResponse:
        """Count a landing. Each field may be in the query instead. Unknown fields are refused only in the body.

        Others add parameters to links; a body comes from one program.
        """
        data: Any = request.data
        if not isinstance(data, Mapping):
            NoInput(data=data).is_valid(raise_exception=True)
        if unknown := unknown_fields(data, _FIELDS):
            raise ValidationError(unknown)
        return self._answer(self.django_request, data)

    def _answer(self, request: HttpRequest, data: Mapping[str, Any]) -> HttpResponse:
        texts, landing = _read(request.GET, data)
        reason = answers.why_excluded(
            request.META, method=request.method or "", is_staff=lambda: is_staff(getattr(request, "user", None))
        )
        is_reported = _says_unreadable(request.GET)
        try:
            code = "" if is_reported else codes.read_code(texts)
        except MalformedCode as error:
            _exclude_unreadable(reason)
            raise InvalidInput("code", _MALFORMED) from error
        if is_reported:
            _exclude_unreadable(reason)
            return _response(request, answers.Hit(""))
        cookie = request.COOKIES.get(COUNTED_COOKIE, "")
        counting = answers.count(request.META, code=code, landing=landing, cookie=cookie, reason=reason)
        return _response(request, drive(counting))


class CountsView(ApiView):
    """GET: the counts of codes, most hits first."""

    permission_classes = [IsAuthenticated, holds("codetags.view_counts")]
    rate_limit = COUNTS_LIMIT
    codes = (INVALID_INPUT,)

    @extend_schema(
        operation_id="list_codes", examples=examples.COUNTS, parameters=[CountsInput], responses=CountsOutput
    )
    def get(self, request: Request) -> Response:
        """The counts of codes, or of campaigns; `from` and `to` choose days."""
        form = CountsInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        chosen = {
            "limit": asked["limit"],
            "before": asked.get("before"),
            "since": asked.get("from"),
            "until": asked.get("to"),
            "campaign": asked.get("campaign", ""),
        }
        try:
            if asked.get("group"):
                rows = campaign_counts.list_campaigns(**chosen)
                body = {"codes": [], "campaigns": [_campaign(row) for row in rows.campaigns], "next": rows.next}
            else:
                page = counts.list_codes(**chosen)
                body = {"codes": [_shown(code) for code in page.codes], "next": page.next}
        except BadCursor as error:
            raise InvalidInput("before", "No list has given this out.") from error
        return Response(body, headers={"Cache-Control": "no-store"})


class CodeView(ApiView):
    """GET: one code with its days and its breakdown."""

    permission_classes = [IsAuthenticated, holds("codetags.view_counts")]
    rate_limit = COUNTS_LIMIT
    codes = (INVALID_INPUT, NOT_FOUND)

    @extend_schema(
        operation_id="read_code", examples=examples.DETAILS, parameters=[_PATH, DaysInput], responses=CodeDetailsOutput
    )
    def get(self, request: Request, code: str) -> Response:
        """One code's row, its days, its placements and its breakdown; `from` and `to` choose days."""
        form = DaysInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        since, until = asked.get("from"), asked.get("to")
        name = code.upper()
        is_known = name == keys.OTHER or codes.is_code(name)
        try:
            found = read_code(name, since=since, until=until) if is_known else None
        except TooManyDays as error:
            raise InvalidInput("from" if since else "to", f"At most {error.most} days are shown.") from error
        if found is None:
            raise NotFound
        return Response(_details(found), headers={"Cache-Control": "no-store"})


def _read(query: QueryDict, body: Mapping[str, Any]) -> tuple[list[str], answers.Landing]:
    """The texts for the code, those of the query first, and what else is said of the landing. Raises InvalidInput."""
    texts = _texts(query, body, "code")
    ids = [_landing_id(text) for text in (*_values(query, "id"), *_values(body, "id"))]
    if not texts and "unreadable" not in query:
        raise InvalidInput("code", "This field is required.")
    at = placements.read_placement(_texts(query, body, "at"))
    referrers = [text for text in _texts(query, body, "referrer") if text]
    return texts, answers.Landing(ids[0] if ids else "", at, referrers[0][:_LONGEST_URL] if referrers else "")


def _texts(query: QueryDict, body: Mapping[str, Any], name: str) -> list[str]:
    """The values of a field that is a text, those of the query first. Raises InvalidInput."""
    texts = [*_values(query, name), *_values(body, name)]
    if not all(isinstance(text, str) for text in texts):
        raise InvalidInput(name, "A text is required.")
    return texts


def _says_unreadable(query: QueryDict) -> bool:
    """Whether the page reports a link whose code can't be read. Raises InvalidInput."""
    if query.get("unreadable", "1") != "1":
        raise InvalidInput("unreadable", "Only 1 is taken, in the place of a code.")
    return "unreadable" in query


def _values(data: Mapping[str, Any], name: str) -> list[Any]:
    """The values of a field. Upper and lower case of its name are equal, as in links."""
    names = [name] if name in data else [other for other in data if other.lower() == name]
    return [value for one in names for value in (data.getlist(one) if isinstance(data, QueryDict) else [data[one]])]


def _landing_id(text: Any) -> str:
    """The id of a landing. Raises InvalidInput."""
    if not isinstance(text, str) or not 1 <= len(text) <= _LONGEST_ID or not text.isascii() or not text.isprintable():
        raise InvalidInput("id", "1 to 64 printable ASCII characters are required.")
    return text


def _exclude_unreadable(reason: Reason | None) -> None:
    # Links that bots or the staff try are not printed ones.
    if reason is None:
        drive(answers.exclude(reason=Reason.UNREADABLE))


def _shown(code: CodeCounts) -> dict[str, Any]:
    return {
        "code": code.code,
        "label": code.label,
        "campaign": (code.registered.campaign or None) if code.registered else None,
        "count": code.count,
        "last_seen": code.last_seen,
        "last_30_days": list(code.last_30_days),
        "not_counted": {reason.value: calls for reason, calls in code.excluded.items()},
    }


def _campaign(row: CampaignCounts) -> dict[str, Any]:
    share = row.hits_per_euro
    return {
        "campaign": row.campaign.name if row.campaign else None,
        "codes": row.codes,
        "count": row.count,
        "last_seen": row.last_seen,
        "last_30_days": list(row.last_30_days),
        "cost_cents": row.campaign.cost_cents if row.campaign else None,
        "hits_per_euro": None if share is None else round(share, 4),
    }


def _details(found: CodeDetails) -> dict[str, Any]:
    parts = found.breakdown
    return {
        **_shown(found.code),
        "days": [{"date": day.day, "count": day.count} for day in found.days],
        "placements": [{"at": one.at, "label": one.label, "count": one.count} for one in parts.placements],
        "hours": list(parts.hours),
        "devices": {device.value: count for device, count in parts.devices.items()},
        "languages": parts.languages,
        "referrers": parts.referrers,
        "countries": parts.countries,
    }


def _response(request: HttpRequest, hit: answers.Hit) -> HttpResponse:
    headers, body = hit.content(request.META)
    response = HttpResponse(body, headers=headers)
    if hit.remembered:
        options = answers.cookie_options(is_secure=request.is_secure())
        response.set_cookie(COUNTED_COOKIE, hit.remembered, **options._asdict())
    return response
