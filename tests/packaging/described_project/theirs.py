"""Their own views, with the names that ours have: they must not meet in the description."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Error(serializers.Serializer[Any]):
    """Their error."""

    code = serializers.ChoiceField(["ours", "theirs"])


class Order(serializers.Serializer[Any]):
    """With the names of our choices."""

    plan = serializers.ChoiceField(["small", "large"])
    reason = serializers.ChoiceField(["gift", "sale"], allow_null=True)
    currency = serializers.ChoiceField(["EUR", "USD"])
    interval = serializers.ChoiceField(["day", "week"])


class OrderView(APIView):
    """One of theirs."""

    authentication_classes = []
    permission_classes = []
    parser_classes = [JSONParser]
    renderer_classes = [JSONRenderer]

    @extend_schema(request=Order, responses={200: Order, 400: Error})
    def post(self, request: Request) -> Response:
        """Order."""
        return Response(request.data)
