"""The API of the public totals."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from functools import wraps
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import NotAuthenticated, PermissionDenied, UnsupportedMediaType
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from kv.errors import StoreUnavailable
from kv.rest.codes import DATABASE_UNAVAILABLE, PERMISSION_DENIED, RATE_LIMITED, Code
from kv.rest.errors import InvalidInput
from kv.rest.negotiation import BeaconParser, JsonParser, is_beacon
from kv.rest.permissions import is_staff, may
from kv.rest.schema import extend_schema, one_of, response
from kv.rest.views import ANY_BODY, ApiView, OpenView, PublicView
from kv.store.steps import drive
from kv.web.origins import is_cross_site
from kv.web.throttling import check_limit
from stats.conf import PAYMENT_CODE_LIMIT, TRACK_LIMIT, USAGE_LIMIT
from stats.errors import BadReceipt, UnknownTool
from stats.serializers import (
    FiguresOutput,
    PaymentCodeInput,
    PaymentCodeOutput,
    ReceiptInput,
    ToolUsageOutput,
    UsageOutput,
    UseInput,
    VisitOutput,
)
from stats.services import figures as totals
from stats.services import payment_code_counts, receipts, usage
from stats.types import CountedPaymentCode
from stats.views import answers, examples, lane


class FiguresView(OpenView):
    """GET: the three public totals, from the memory of the process while they are fresh."""

    fast = MappingProxyType({"GET": lane.figures})

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """A view that answers GET without DRF, which would take more time than the answer itself."""
        through_drf = super().as_view(**initkwargs)

        @wraps(through_drf)
        def view(request: HttpRequest) -> HttpResponseBase:
            if request.method == "GET":
                with suppress(StoreUnavailable):  # then DRF answers, with its own format of errors
                    return _figures()
            response: HttpResponseBase = through_drf(request)
            return response

        return cls.offered(view, **initkwargs)

    @extend_schema(operation_id="get_figures", examples=examples.FIGURES, responses=FiguresOutput)
    def get(self, request: Request) -> HttpResponse:
        """The three public totals."""
        return _figures()


def _figures() -> HttpResponse:
    headers, body = answers.figures(*totals.fresh_figures())
    return HttpResponse(body, content_type="application/json", headers=headers)


class VisitView(PublicView):
    """POST: count the caller as a visitor, only the first time."""

    fast = MappingProxyType({"POST": lane.visit})
    parser_classes = [BeaconParser, *ANY_BODY]
    codes = (RATE_LIMITED, DATABASE_UNAVAILABLE)

    @extend_schema(operation_id="record_visit", examples=examples.VISIT, request=None, responses=VisitOutput)
    def post(self, request: Request) -> Response:
        """Count a visit; the answer says why if it was not counted."""
        self.refuse_fields(request)
        plain = self.django_request
        user = getattr(plain, "user", None)
        return Response(drive(answers.visit(plain.META, host=plain.get_host(), is_staff=is_staff(user))))


class PaymentCodeView(ApiView):
    """POST: count a payment code, by its receipt (any caller) or by id and amount (permitted callers)."""

    fast = MappingProxyType({"POST": lane.receipt})
    parser_classes = [JsonParser, BeaconParser]
    permission_classes = [AllowAny]
    codes = (RATE_LIMITED, PERMISSION_DENIED, Code(409, "total_too_large", "The total would be larger than 2^53 - 1."))

    def perform_authentication(self, request: Request) -> None:
        """Not here: only calls without a receipt are authenticated. A receipt needs neither a user nor a CSRF token."""

    @extend_schema(
        operation_id="record_qr_code",
        examples=examples.PAYMENT_CODE,
        request=one_of("QrCode", [ReceiptInput, PaymentCodeInput]),
        responses={
            200: response(PaymentCodeOutput, "Not counted: seen before, or over the limit for one code."),
            201: response(PaymentCodeOutput, "Counted."),
        },
    )
    def post(self, request: Request) -> Response:
        """Count a payment code once."""
        if isinstance(request.data, dict) and "receipt" in request.data:
            counted = self._count_receipt(request)
        else:
            counted = self._count_amount(request)
        return Response(asdict(counted), status=201 if counted.counted else 200)

    def _count_receipt(self, request: Request) -> CountedPaymentCode:
        check_limit(PAYMENT_CODE_LIMIT, self.django_request)
        form = ReceiptInput(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            receipt = receipts.read_receipt(form.validated_data["receipt"])
        except BadReceipt as error:
            raise InvalidInput("receipt", str(error)) from error
        return self._count(receipt.id, receipt.amount_cents)

    def _count_amount(self, request: Request) -> CountedPaymentCode:
        names_amount = isinstance(request.data, dict) and {"amount_cents", "id"} & request.data.keys()
        if is_beacon(request) and names_amount:  # any page can have a browser send one, with its user's session
            raise UnsupportedMediaType(request.content_type)
        user: Any = (
            None if is_beacon(request) else request.user
        )  # None too where a project sets UNAUTHENTICATED_USER so
        if not (user and user.is_authenticated):
            if not names_amount:
                ReceiptInput(data=request.data).is_valid(raise_exception=True)
            raise NotAuthenticated
        if not may(user, "stats.record_qr"):
            raise PermissionDenied
        form = PaymentCodeInput(data=request.data)
        form.is_valid(raise_exception=True)
        return self._count(form.validated_data["id"], form.validated_data["amount_cents"])

    def _count(self, code_id: str, amount_cents: int | None) -> CountedPaymentCode:
        with answers.refusals():
            return payment_code_counts.record_payment_code(id=code_id, amount_cents=amount_cents)


class TrackUsageView(PublicView):
    """POST: count one use of a tool."""

    fast = MappingProxyType({"POST": lane.use})
    parser_classes = [JsonParser, BeaconParser]
    rate_limit = TRACK_LIMIT

    @extend_schema(operation_id="record_usage", examples=examples.USE, request=UseInput, responses=ToolUsageOutput)
    def post(self, request: Request) -> Response:
        """Count one use of a tool; the same id within a day counts once."""
        plain = self.django_request
        if is_beacon(request) and is_cross_site(plain.META, host=plain.get_host()):
            raise UnsupportedMediaType(request.content_type)  # as for their JSON, which a browser does not send
        form = UseInput(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            used = usage.record_usage(**form.validated_data)
        except UnknownTool as error:
            raise InvalidInput("tool", "This tool is not tracked here.") from error
        return Response(asdict(used))


class UsageView(OpenView):
    """GET: uses of every tool."""

    rate_limit = USAGE_LIMIT
    reads_store = True

    @extend_schema(operation_id="list_usage", examples=examples.USAGE, responses=UsageOutput)
    def get(self, request: Request) -> Response:
        """Uses of every tool, most used first."""
        tools = [asdict(used) for used in usage.list_usage()]
        return Response({"tools": tools}, headers={"Cache-Control": "no-store"})
