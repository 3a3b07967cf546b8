"""The base of every API view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.parsers import BaseParser, FormParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from kv.errors import StoreUnavailable
from kv.rest.codes import Code
from kv.rest.errors import handle_exception
from kv.rest.inputs import NoInput
from kv.rest.negotiation import MAX_BODY, BodyTooLarge, JsonOnly, JsonParser, JsonRenderer
from kv.rest.permissions import is_staff
from kv.rest.schema import SchemaOfViews
from kv.web.lane.calls import Answerer, Offer, failure_of
from kv.web.open_access import OPEN_HEADERS
from kv.web.rate_limits import RateLimit
from kv.web.throttling import check_limit

#: Methods that change nothing.
SAFE = ("GET", "HEAD", "OPTIONS")
#: For writes that take no field: many clients send a form without fields where there is nothing to send.
ANY_BODY: list[type[BaseParser]] = [JsonParser, FormParser, MultiPartParser]

_PREFLIGHT = MappingProxyType(
    {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "accept, cache-control, content-type, if-none-match, x-request-id",
        "Access-Control-Max-Age": "600",
        "Cache-Control": "no-store",
        "Content-Length": "0",
    }
)


class ApiView(APIView):
    """JSON in and out, one error shape, a body limit and a rate limit, whatever the project's own REST_FRAMEWORK says.

    rate_limit: the limit that every request of the view counts against; None for none.
    max_body:   the largest body, bytes.
    codes:      what its operations may be refused with that does not follow from the rest, for the description.
    write_codes: those of its writes alone.
    uses_store: False where nothing is refused when the store is away.
    tag:        what it is described under; its app by default.
    reads_store: a GET can't be answered without the store, so that it is refused when the limit finds the store away:
                after one timeout, not after a second one.
    fast:       what answers its usual calls in the fast lane, by method. A subclass does not inherit it.
    is_open:    scripts of every origin may read its answers; see OpenView.
    """

    renderer_classes = [JsonRenderer]
    parser_classes = [JsonParser]
    content_negotiation_class = JsonOnly
    # A project's own throttle would count a page's visit against what it allows its API's callers.
    throttle_classes = []
    metadata_class = None
    # No OPTIONS: it is refused without `metadata_class`, so it must not stand in Allow.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    versioning_class = None
    schema = SchemaOfViews()
    rate_limit: ClassVar[RateLimit | None] = None
    max_body: ClassVar[int] = MAX_BODY
    codes: ClassVar[Sequence[Code]] = ()
    write_codes: ClassVar[Sequence[Code]] = ()
    tag: ClassVar[str] = ""
    uses_store: ClassVar[bool] = True
    reads_store: ClassVar[bool] = False
    fast: ClassVar[Mapping[str, Answerer]] = MappingProxyType({})
    is_open: ClassVar[bool] = False

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """DRF's view function, which offers the fast lane what the class does."""
        return cls.offered(super().as_view(**initkwargs), **initkwargs)

    @classmethod
    def offered(cls, view: Any, **initkwargs: Any) -> Any:
        """The view function with the class's offer to the fast lane; none for a view with arguments of its own."""
        own = vars(cls).get("fast")
        allowed = cls().allowed_methods
        if "GET" in allowed and "HEAD" not in allowed:  # an instance gets it when it serves
            allowed.append("HEAD")
        view.offer = Offer(view, own, ", ".join(allowed)) if own and not initkwargs else None
        return view

    @property
    def django_request(self) -> HttpRequest:
        """Django's own request, which DRF's wraps: its user is the session's, and its body is not read yet."""
        return self.request._request  # noqa: SLF001 (DRF has no public name for it)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that says it is too large, and credentials that can be none, before anything else is done.

        Before that, raise what the fast lane ran into.
        """
        if (failed := failure_of(self.django_request)) is not None:
            if failed.asked_who:
                is_staff(getattr(self.django_request, "user", None))
            raise failed.error
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            length = 0
        if length > self.max_body:
            raise BodyTooLarge(self.max_body)
        # Authentication classes decode the header and let the error out, which would be a 500.
        if self.authentication_classes and not request.META.get("HTTP_AUTHORIZATION", "").isascii():
            raise AuthenticationFailed
        super().initial(request, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        """Count against the view's limit. A store that is away lets reads pass and stops writes."""
        super().check_throttles(request)
        if self.rate_limit is None:
            return
        try:
            check_limit(self.rate_limit, request)
        except StoreUnavailable:
            if request.method not in SAFE or self.reads_store:
                raise

    def refuse_fields(self, request: Request) -> None:
        """For a write that takes no field: refuse a body that names one. An empty body is not parsed."""
        if request.META.get("CONTENT_LENGTH", "") not in ("", "0", "2"):  # {} has two bytes
            NoInput(data=request.data).is_valid(raise_exception=True)

    def get_exception_handler(self) -> Callable[[Exception, Any], Any]:
        """Ours, so that the apps answer alike in any project."""
        return handle_exception


class PublicView(ApiView):
    """For anybody: nobody is authenticated, so a session's cookie is no reason to ask for a CSRF token."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def perform_authentication(self, request: Request) -> None:
        """Nothing: asking DRF would put an anonymous user in the place of the one whom the session brought."""


class OpenView(PublicView):
    """For GET and scripts of every origin, without credentials: each response has `Access-Control-Allow-Origin: *`.

    Also for requests without an Origin, and of the origins in CORS_ORIGINS, so that a shared cache may give one
    response to all.
    """

    is_open = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a preflight here: DRF would refuse OPTIONS."""
        if request.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META:
            return HttpResponse(status=204, headers=_PREFLIGHT)
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers, to errors too."""
        for name, value in OPEN_HEADERS.items():
            response.headers[name] = value
        return super().finalize_response(request, response, *args, **kwargs)
