"""Views that cost what their action costs, of several kinds; the query says what they use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.decorators import method_decorator
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from usertokens.services import report_use, spends


def report(request: Any) -> None:
    if used := request.GET.get("used"):
        report_use(request, quantity=int(used))


@spends("word", quantity=20)
def plain(request: HttpRequest) -> HttpResponse:
    report(request)
    return HttpResponse("done", status=int(request.GET.get("status", 200)))


@spends("word")
def one(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


@spends("word", amount=7)
def in_tokens(request: HttpRequest) -> HttpResponse:
    if used := request.GET.get("tokens"):
        report_use(request, int(used))
    return HttpResponse("done")


def expected(request: Any) -> int:
    return int(request.GET.get("expected", 20))


@spends("word", quantity=expected)
async def aplain(request: HttpRequest) -> HttpResponse:
    report(request)
    return HttpResponse("done")


class Handler(APIView):
    @method_decorator(spends("word", quantity=20))
    def get(self, request: Request) -> Response:
        report(request)
        return Response("done")


@spends("word", quantity=20)
def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        yield "one"
        report(request)
        if request.GET.get("raise"):
            raise ZeroDivisionError
        yield "two"

    return StreamingHttpResponse(parts())


@spends("word", quantity=20)
async def astream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        yield "one"
        report(request)
        yield "two"

    return StreamingHttpResponse(parts())


VIEWS: dict[str, Any] = {
    "plain": plain, "one": one, "tokens": in_tokens, "async": aplain, "drf": Handler.as_view(), "stream": stream,
    "async-stream": astream,
}  # fmt: skip
urlpatterns = [path(name, view) for name, view in VIEWS.items()]
