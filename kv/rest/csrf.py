"""The CSRF token for front ends that can't read this site's cookie: those of another origin."""

from __future__ import annotations

from typing import Any

from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kv.rest.schema import answered, extend_schema
from kv.rest.views import PublicView


class CsrfOutput(serializers.Serializer[Any]):
    """The token of this browser."""

    csrfToken = serializers.CharField(help_text="For the header X-CSRFToken of writes with a session.")  # noqa: N815 (the contract spells it so)


# By the decorator, since the site's short middleware (and a project without CsrfViewMiddleware) sets no cookie.
@method_decorator(ensure_csrf_cookie, name="dispatch")
class CsrfView(PublicView):
    """GET: the token, and its cookie where there is none. A log-in and a log-out make another token."""

    tag = "session"
    uses_store = False

    @extend_schema(operation_id="get_csrf_token", examples=[answered({"csrfToken": "7Hc1" * 16})], responses=CsrfOutput)
    def get(self, request: Request) -> Response:
        """The token that a write with a session sends in the header X-CSRFToken."""
        return Response({"csrfToken": get_token(self.django_request)}, headers={"Cache-Control": "no-store"})
