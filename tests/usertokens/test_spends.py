"""`@spends`: a view's success is paid, whatever kind of view it is, and its failure is not."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, AsyncRequestFactory, Client

from tests.usertokens.test_async import ticks
from tests.usertokens.test_held_async import drain
from usertokens.services import get_balance, list_transactions, spends

pytestmark = [pytest.mark.own_loop, pytest.mark.django_db, pytest.mark.urls("tests.usertokens.spending_urls")]

FINISHED = (
    "plain",
    "async",
    "class",
    "async-class",
    "method",
    "async-method",
    "as-view",
    "drf",
    "drf-function",
    "viewset",
    "template",
)
STREAMS = ("stream", "async-stream")
JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def tokens(user: User) -> tuple[int, int]:
    """Balance and held."""
    found = get_balance(str(user.pk)).tokens
    return found.balance, found.held


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


class TestFinished:
    @pytest.mark.parametrize("kind", FINISHED)
    @pytest.mark.parametrize("status", [200, 201, 302])
    def test_success_is_paid(self, payer: Client, user: User, kind: str, status: int) -> None:
        assert payer.get(f"/{kind}?status={status}").status_code == status
        assert tokens(user) == (97, 0)

    @pytest.mark.parametrize("kind", FINISHED)
    @pytest.mark.parametrize("status", [400, 404, 500])
    def test_an_error_response_is_not(self, payer: Client, user: User, kind: str, status: int) -> None:
        assert payer.get(f"/{kind}?status={status}").status_code == status
        assert tokens(user) == (100, 0)

    @pytest.mark.parametrize("kind", FINISHED)
    def test_an_exception_is_not(self, payer: Client, user: User, kind: str) -> None:
        assert payer.get(f"/{kind}?raise=1").status_code == 500
        assert tokens(user) == (100, 0)

    def test_the_tokens_are_on_hold_while_it_runs(self, payer: Client, user: User) -> None:
        assert payer.get("/plain").content == b"3 held"
        newest, before = list_transactions(str(user.pk), limit=2).results
        assert [(one.type, one.reason) for one in (before, newest)] == [("hold", "image"), ("capture", "image")]

    def test_an_exception_of_drf_is_answered_by_drf(self, payer: Client, user: User) -> None:
        response = payer.get("/drf?invalid=1")
        assert (response.status_code, response.json()) == (400, {"prompt": ["This field is required."]})
        assert tokens(user) == (100, 0)

    @pytest.mark.parametrize("kind", ["plain", "class", "async-class"])
    def test_options_cost_nothing(self, payer: Client, user: User, kind: str) -> None:
        assert payer.options(f"/{kind}").status_code == 200
        assert tokens(user) == (100, 0)


class TestStreams:
    @pytest.mark.parametrize("kind", STREAMS)
    @pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
    def test_a_whole_one_is_paid_at_its_end(self, payer: Client, user: User, kind: str) -> None:
        response: Any = payer.get(f"/{kind}")
        if kind == "stream":
            assert tokens(user) == (97, 3)
        parts = list(response)
        assert b"".join(parts) == b"onetwo"
        response.close()
        assert tokens(user) == (97, 0)

    @pytest.mark.parametrize("kind", STREAMS)
    @pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
    def test_one_that_fails_is_not(self, payer: Client, user: User, kind: str) -> None:
        response: Any = payer.get(f"/{kind}?raise=1")
        with pytest.raises(ZeroDivisionError):
            list(response)
        assert tokens(user) == (100, 0)

    @pytest.mark.parametrize("kind", STREAMS)
    def test_one_that_nobody_reads_is_not(self, payer: Client, user: User, kind: str) -> None:
        payer.get(f"/{kind}").close()
        assert tokens(user) == (100, 0)

    def test_one_that_is_closed_on_the_way_is_not(self, payer: Client, user: User) -> None:
        response: Any = payer.get("/stream")
        assert next(iter(response)) == b"one"
        response.close()
        assert tokens(user) == (100, 0)

    def test_a_file_is_paid_when_it_was_sent(self, payer: Client, user: User) -> None:
        """It must not reach the server's own way to send files, which would not pass the end."""
        response: Any = payer.get("/file")
        assert response.file_to_stream is None
        assert response.headers["Content-Length"] == "6"
        assert list(response) == [b"onetwo"]
        assert tokens(user) == (97, 0)
        payer.get("/file").close()
        assert tokens(user) == (97, 0)

    @pytest.mark.parametrize("kind", STREAMS)
    def test_an_error_response_is_not(self, payer: Client, user: User, kind: str) -> None:
        assert payer.get(f"/{kind}?status=503").status_code == 503
        assert tokens(user) == (100, 0)


class TestAsync:
    """On the event loop, as an ASGI server calls them."""

    @pytest.mark.parametrize("kind", [*FINISHED, *STREAMS])
    @pytest.mark.parametrize("query", ["", "status=404", "raise=1"])
    @pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
    def test_every_kind(self, payer: Client, user: User, kind: str, query: str) -> None:
        from asgiref.sync import async_to_sync

        async def main() -> None:
            client = AsyncClient(raise_request_exception=False)
            await client.aforce_login(user)
            response: Any = await client.get(f"/{kind}?{query}")
            if response.streaming:
                with suppress(ZeroDivisionError):
                    async for _ in response:
                        pass
                response.close()

        get_balance(str(user.pk))
        async_to_sync(main)()
        assert tokens(user) == ((100, 0) if query else (97, 0))

    def test_a_client_that_goes_pays_nothing(self, payer: Client, user: User) -> None:
        from asgiref.sync import async_to_sync

        async def main() -> None:
            client = AsyncClient()
            await client.aforce_login(user)
            response: Any = await client.get("/async-stream")
            async for _ in response:
                break
            response.close()

        get_balance(str(user.pk))
        async_to_sync(main)()
        assert tokens(user) == (100, 0)

    @pytest.mark.parametrize("cancel_after", [0, 1, 2, 5, 20, 1000])
    def test_a_view_that_is_cancelled_pays_nothing(self, payer: Client, user: User, cancel_after: int) -> None:
        @spends("image", amount=3)
        async def view(request: HttpRequest) -> HttpResponse:
            await asyncio.Event().wait()
            return HttpResponse()

        async def main() -> None:
            request: Any = AsyncRequestFactory().get("/")
            request.user = user
            task = asyncio.ensure_future(view(request))
            await ticks(cancel_after)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(main())
        drain()
        assert tokens(user) == (100, 0)
