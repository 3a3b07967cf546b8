"""How long Stripe waits until a webhook is acknowledged.

Beside a bare DRF view that verifies the signature and inserts a row. Both run in one process behind the same
middleware, on one SQLite file that is written through to the disk, until the answer is whole. Ours wakes the worker
after that: granian has sent the answer when it closes it (tried: a `close` of one second leaves the client its 3 ms).
"""

from __future__ import annotations

import io
import json
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import stripe
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.measure import Row
from benchmarks.store import fresh_store
from config.urls import urlpatterns as site_patterns

_SECRET = "whsec_bench"
_CALLS = 400


class BareEvent(models.Model):
    """The row of the bare view."""

    event_id = models.CharField(max_length=64, unique=True)
    body = models.TextField()

    objects: models.Manager[BareEvent] = models.Manager()

    class Meta:
        app_label = "billing"

    def __str__(self) -> str:
        return self.event_id


class BareView(APIView):
    """The least that takes an event for good: the library's own check, and one row."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def post(self, request: Request) -> Response:
        """Verify, insert, acknowledge."""
        body = request._request.body  # noqa: SLF001 (DRF has no public name for it)
        event = stripe.Webhook.construct_event(body, request.headers["Stripe-Signature"], _SECRET)
        BareEvent.objects.create(event_id=event["id"], body=body.decode())
        return Response({"received": True})


urlpatterns = [path("api/bare", BareView.as_view()), *site_patterns]


def run() -> Iterator[Row]:
    """One event each in turn; the median of all."""
    own = {
        "STRIPE_SECRET_KEY": "sk_test_bench",
        "STRIPE_WEBHOOK_SECRET": (_SECRET,),
        "ROOT_URLCONF": __name__,
        "MIDDLEWARE": settings.API_MIDDLEWARE,
        "ALLOWED_HOSTS": ["*"],
    }
    with fresh_store("always", timeout_ms=1000), override_settings(**own):
        call_command("migrate", verbosity=0)
        with connection.schema_editor() as editor:
            editor.create_model(BareEvent)
        handler = WSGIHandler()
        ours, bare = _in_turn(_caller(handler, "/api/webhooks/stripe"), _caller(handler, "/api/bare"))
    yield Row(
        "POST /api/webhooks/stripe, p50",
        f"{ours:.2f} ms",
        "bare DRF view, one row",
        f"{bare:.2f} ms",
        ours / bare,
        "≤2",
    )


def _in_turn(*calls: Callable[[int], float]) -> list[float]:
    taken: list[list[float]] = [[] for _ in calls]
    for number in range(_CALLS + 50):
        for which, call in enumerate(calls):
            seconds = call(number)
            if number >= 50:  # the first ones warm up
                taken[which].append(seconds * 1000)
    return [statistics.median(times) for times in taken]


def _caller(handler: WSGIHandler, target: str) -> Callable[[int], float]:
    def call(number: int) -> float:
        event = {
            "id": f"evt_{target[-4:]}_{number}", "object": "event", "type": "invoice.paid", "created": int(time.time()),
            "livemode": False, "data": {"object": {"id": "in_1", "object": "invoice", "customer": "cus_1"}},
            "pad": "x" * 2000,
        }  # fmt: skip
        text = json.dumps(event)
        body = text.encode()
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": target, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)), "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(),
            "HTTP_STRIPE_SIGNATURE": stripe.WebhookSignature.generate_signature_header(text, _SECRET),
        }  # fmt: skip
        statuses: list[str] = []
        began = time.perf_counter()
        start: Any = lambda status, *_: statuses.append(status)  # noqa: E731 (as WSGI calls it)
        answer: Any = handler({**environ, "wsgi.input": io.BytesIO(body)}, start)
        seconds = time.perf_counter() - began
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{target}: {statuses} {b''.join(answer)!r}")
        answer.close()
        return seconds

    return call
