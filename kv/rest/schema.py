"""OpenAPI for every view: the refusals are described once, here."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class Error(serializers.Serializer[Any]):
    """Every refusal."""

    detail = serializers.CharField(help_text="A sentence.")
    code = serializers.CharField(help_text="A machine name.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), required=False, help_text="By field, for 400."
    )


_ALWAYS = {
    400: "The input was wrong.",
    405: "Not a method of this address.",
    429: "Too many requests.",
    503: "A store is away; nothing was acknowledged.",
}
_WITH_BODY = {413: "The body is too large.", 415: "The body is not JSON."}
_WITH_CALLER = {401: "Who are you?", 403: "Not allowed."}
_BODY_METHODS = ("POST", "PUT", "PATCH")


class ApiSchema(AutoSchema):
    """Adds to each operation the refusals that any of them may answer with."""

    def get_response_serializers(self) -> Any:
        """The view's own responses and the common refusals."""
        own: Any = super().get_response_serializers()
        if not isinstance(own, dict):
            own = {200: own}
        refusals = dict(_ALWAYS)
        if self.method in _BODY_METHODS:
            refusals |= _WITH_BODY
        if self.get_auth():
            refusals |= _WITH_CALLER
        if "{" in self.path:
            refusals |= {404: "Nothing under this address."}
        common = {code: OpenApiResponse(Error, text) for code, text in refusals.items()}
        return {**common, **own}
