"""A naive spend: a signed-in user, one `evalsha` that takes tokens when there are enough, no key and no history."""

from __future__ import annotations

import os
from typing import Any, cast

from django.core.wsgi import get_wsgi_application
from django.urls import path

from benchmarks.peer_client import peer_client

application = get_wsgi_application()

from rest_framework.permissions import IsAuthenticated  # noqa: E402 (needs the settings)
from rest_framework.request import Request  # noqa: E402 (needs the settings)
from rest_framework.response import Response  # noqa: E402 (needs the settings)
from rest_framework.views import APIView  # noqa: E402 (needs the settings)

client = peer_client(os.environ)
SCRIPT = """
local left = redis.call('DECRBY', KEYS[1], ARGV[1])
redis.call('LPUSH', KEYS[2], ARGV[1])
return left
"""
sha = client.script_load(SCRIPT)


class SpendView(APIView):
    """One evalsha, no checks."""

    permission_classes = [IsAuthenticated]

    def post(self, request: Request) -> Response:
        """Spend."""
        keys = (f"peer:{{{request.user.pk}}}:balance", f"peer:{{{request.user.pk}}}:log")
        body: Any = request.data
        left = cast("int", client.evalsha(sha, 2, *keys, body["amount"]))
        return Response({"success": True, "balance": left})


urlpatterns = [path("spend", SpendView.as_view())]
