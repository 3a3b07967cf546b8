"""Views that cost tokens, of every kind, and the app's own pages beside them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import include, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from usertokens.services import get_balance, spend_tokens, spends


def outcome(request: Any) -> HttpResponse:
    """What the query names: a status, or an error."""
    if request.GET.get("raise"):
        raise ZeroDivisionError
    held = get_balance(str(request.user.pk)).tokens.held
    return HttpResponse(f"{held} held", status=int(request.GET.get("status", 200)))


@spends("image", amount=3)
def plain(request: HttpRequest) -> HttpResponse:
    return outcome(request)


@spends("default")
def default(request: HttpRequest) -> HttpResponse:
    return outcome(request)


@spends("brief", amount=3, ttl_seconds=1)
def late(request: HttpRequest) -> HttpResponse:
    """The hold ends while the view runs; the query may say that all other tokens are spent meanwhile."""
    user_id = str(request.user.pk)
    now = timezone.now() + timedelta(seconds=2)
    assert get_balance(user_id).tokens.held == 3
    assert get_balance(user_id, now=now).tokens.held == 0
    if request.GET.get("all"):
        spend_tokens(user_id, 100)
    return HttpResponse("late")


def price(request: Any, number: int) -> int:
    return number


@spends("priced", cost=price)
def priced(request: HttpRequest, number: int) -> HttpResponse:
    return outcome(request)


async def aprice(request: Any, number: int) -> int:
    return number


@spends("priced", cost=aprice)
async def apriced(request: HttpRequest, number: int) -> HttpResponse:
    return HttpResponse("done", status=int(request.GET.get("status", 200)))


@spends("async", amount=3)
async def aplain(request: HttpRequest) -> HttpResponse:
    if request.GET.get("raise"):
        raise ZeroDivisionError
    return HttpResponse("done", status=int(request.GET.get("status", 200)))


@method_decorator(spends("class", amount=3), name="dispatch")
class Whole(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return outcome(request)


@method_decorator(spends("class", amount=3), name="dispatch")
class AsyncWhole(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return await aplain.__wrapped__(request)  # type: ignore[attr-defined, no-any-return] # it has one


class Methods(View):
    @method_decorator(spends("method", amount=3))
    def get(self, request: HttpRequest) -> HttpResponse:
        return outcome(request)

    @spends("method", amount=3)
    def post(self, request: HttpRequest) -> HttpResponse:
        return outcome(request)


class AsyncMethods(View):
    @method_decorator(spends("method", amount=3))
    async def get(self, request: HttpRequest) -> HttpResponse:
        return await aplain.__wrapped__(request)  # type: ignore[attr-defined, no-any-return] # it has one


class Handler(APIView):
    @method_decorator(spends("drf", amount=3))
    def get(self, request: Request) -> Response:
        if request.GET.get("invalid"):
            raise ValidationError({"prompt": ["This field is required."]})
        return Response({"done": outcome(request).content.decode()}, status=int(request.GET.get("status", 200)))


@api_view(["GET"])
@spends("drf", amount=3)
def handler(request: Request) -> Response:
    return Response({"done": outcome(request).content.decode()}, status=int(request.GET.get("status", 200)))


@spends("template", amount=3)
def template(request: HttpRequest) -> TemplateResponse:
    name = "usertokens/no_such.html" if request.GET.get("raise") else "usertokens/deleted.html"
    return TemplateResponse(request, name, status=int(request.GET.get("status", 200)))


@spends("stream", amount=3)
def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        yield "one"
        if request.GET.get("raise"):
            raise ZeroDivisionError
        yield "two"

    return StreamingHttpResponse(parts(), status=int(request.GET.get("status", 200)))


@spends("stream", amount=3)
async def astream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        yield "one"
        if request.GET.get("raise"):
            raise ZeroDivisionError
        yield "two"

    return StreamingHttpResponse(parts(), status=int(request.GET.get("status", 200)))


@spends("file", amount=3)
def file(request: HttpRequest) -> FileResponse:
    return FileResponse(BytesIO(b"onetwo"), status=int(request.GET.get("status", 200)))


class Pictures(ViewSet):
    @method_decorator(spends("drf", amount=3))
    def list(self, request: Request) -> Response:
        return Response([outcome(request).content.decode()], status=int(request.GET.get("status", 200)))


def said(request: Any) -> dict[str, str]:
    for file in request.FILES.values():
        return {"text": file.read().decode()}
    return {"text": request.POST["text"] if request.POST else json.loads(request.body)["text"]}


@spends("echo", amount=3)
def echo(request: HttpRequest) -> JsonResponse:
    return JsonResponse(said(request))


@spends("echo", amount=3)
async def aecho(request: HttpRequest) -> JsonResponse:
    return JsonResponse(said(request))


class Echo(APIView):
    parser_classes = [JSONParser, FormParser, MultiPartParser]

    @method_decorator(spends("echo", amount=3))
    def post(self, request: Request) -> Response:
        data: Any = request.data
        file = data.get("file")
        return Response({"text": file.read().decode() if file else data["text"]})


class Bare(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return await aplain.__wrapped__(request)  # type: ignore[attr-defined, no-any-return] # it has one


VIEWS: dict[str, Any] = {
    "plain": plain, "default": default, "late": late, "async": aplain, "class": Whole.as_view(),
    "async-class": AsyncWhole.as_view(), "method": Methods.as_view(), "async-method": AsyncMethods.as_view(),
    "file": file, "viewset": Pictures.as_view({"get": "list"}),
    "echo": echo, "async-echo": aecho, "drf-echo": Echo.as_view(),
    "as-view": spends("whole", amount=3)(Bare.as_view()), "drf": Handler.as_view(),
    "drf-function": handler, "template": template, "stream": stream, "async-stream": astream,
    "priced/<int:number>": priced, "apriced/<int:number>": apriced,
}  # fmt: skip
urlpatterns = [*(path(name, view) for name, view in VIEWS.items()), path("", include("usertokens.urls"))]
