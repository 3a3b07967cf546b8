"""OpenAPI for every view: the refusals are described once, here."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from kv.rest.negotiation import BeaconParser


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
    503: "The store is unavailable; nothing was acknowledged.",
}
_WITH_BODY = {413: "The body is too large.", 415: "The body is not JSON."}
_WITH_CALLER = {401: "Who are you?", 403: "Not allowed."}
_BODY_METHODS = ("POST", "PUT", "PATCH")


class ApiSchema(AutoSchema):
    """Adds to each operation the refusals that any of them may answer with."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation as its view describes it, and the common refusals where it describes none.

        Here and not where responses are collected, which `extend_schema` on a method takes the place of.
        """
        operation: Any = super().get_operation(*args, **kwargs)
        if operation:
            schema = self.resolve_serializer(Error, "response").ref
            for status, text in self._refusals().items():
                answer = {"description": text, "content": {"application/json": {"schema": schema}}}
                operation["responses"].setdefault(str(status), answer)
            operation["responses"] = dict(sorted(operation["responses"].items()))
        return operation

    def map_parsers(self) -> list[str]:
        """The types of a body, without text/plain: beacons send it, and no program has a reason to."""
        return [kind for kind in super().map_parsers() if kind != BeaconParser.media_type]

    def _refusals(self) -> dict[int, str]:
        refusals = dict(_ALWAYS)
        if self.method in _BODY_METHODS:
            refusals |= _WITH_BODY
        if self.get_auth():
            refusals |= _WITH_CALLER
        if "{" in self.path:
            refusals |= {404: "Nothing under this address."}
        return {**refusals, **getattr(self.view, "refusals", {})}
