"""The naive peer: Django's default middleware, a DRF view with one redis-py `evalsha`; and bare views."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

if not settings.configured:
    settings.configure(
        SECRET_KEY="peer",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        MIDDLEWARE=[]
        if "PEER_BARE" in os.environ
        else [
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "rest_framework",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        # Of the keys of the site's own scripts. The site counts in the same store.
        KV_PREFIX="peer:",
    )
    django.setup()

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.peer_client import peer_client

client = peer_client(os.environ)
# The least that counts a visitor once: what a snippet on the net would do.
SCRIPT = """
local added = redis.call('SADD', KEYS[1], ARGV[1])
if added == 1 then redis.call('INCR', KEYS[2]) redis.call('HINCRBY', KEYS[3], ARGV[2], 1) end
return {added, redis.call('GET', KEYS[2])}
"""
sha = client.script_load(SCRIPT)


class VisitView(APIView):
    """One evalsha, no checks."""

    authentication_classes: list[Any] = []

    def post(self, request: Request) -> Response:
        """Count."""
        address = request.META.get("HTTP_X_FORWARDED_FOR") or secrets.token_hex(4)
        added, total = client.evalsha(sha, 3, "{peer}:seen", "{peer}:total", "{peer}:days", address, "2026-01-01")
        return Response({"counted": bool(added), "visitors": int(total)})


class _Connection(threading.local):
    """A socket to the store for each thread."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.environ["PEER_SOCKET"])


connection = _Connection() if "PEER_SOCKET" in os.environ else None


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """One EVALSHA over a bare socket: the least that a Django view can do to count."""
    address = request.META["HTTP_X_FORWARDED_FOR"]
    args = ("EVALSHA", sha, "3", "{peer}:seen", "{peer}:total", "{peer}:days", address, "2026-01-01")
    assert connection is not None
    arguments = "".join([f"${len(arg)}\r\n{arg}\r\n" for arg in args])
    connection.socket.sendall(f"*{len(args)}\r\n{arguments}".encode())
    added, _, total = connection.socket.recv(4096).split(b"\r\n")[1:4]
    body = b'{"counted":%s,"visitors":%s}' % (b"true" if added == b":1" else b"false", total)
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})


def constant(request: HttpRequest) -> HttpResponse:
    """A bare view that returns a constant."""
    body = b'{"visitors":1,"qr_total":1,"revenue_cents":1}'
    return HttpResponse(body, content_type="application/json", headers={"Content-Length": str(len(body))})


urlpatterns: list[Any] = [path("visit", VisitView.as_view()), path("bare", bare), path("constant", constant)]
if connection is not None:
    from benchmarks import peer_scripts

    peer_scripts.connect()
    urlpatterns.append(path("same/", include(peer_scripts)))
application = get_wsgi_application()
