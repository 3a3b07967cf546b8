"""OpenAPI for every view: what follows from a view's declarations is described here, once.

Imported with the first look at the `schema` of a view: see `kv.rest.schema`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from drf_spectacular import utils as spectacular
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny, IsAuthenticated

from kv.rest import codes
from kv.rest.codes import Code
from kv.rest.error_schemas import component, error_responses
from kv.rest.inputs import Input
from kv.rest.negotiation import BeaconParser, JsonParser
from kv.rest.schema import Note, Part, begin

_BODY_METHODS = ("POST", "PUT", "PATCH")


class ApiSchema(AutoSchema):
    """Describes an operation of ours in any project: tags, summaries, refusals, and who may call."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation as its view describes it, with every refusal that it may answer.

        Here and not where responses are collected, which `extend_schema` on a method takes the place of.
        """
        operation: Any = super().get_operation(*args, **kwargs)
        if operation and self._is_ours():
            refusals = error_responses(self.registry, list(self._codes()), operation["operationId"])
            operation["responses"] = dict(sorted({**operation["responses"], **refusals}.items()))
            for response in operation["responses"].values():
                response["description"] = response["description"] or f"{operation['summary']}."
            if operation.get("security", [{}]) == [{}]:
                operation["security"] = []
        return operation

    def map_parsers(self) -> list[str]:
        """The types of a body, without text/plain: beacons send it, and no program has a reason to."""
        return [kind for kind in super().map_parsers() if not self._is_ours() or kind != BeaconParser.media_type]

    def _is_ours(self) -> bool:
        """Whether the view is an ApiView; a project may use this class for its own views too."""
        return hasattr(self.view, "codes")

    def get_tags(self) -> list[str]:
        """The app of the view."""
        if not self._is_ours():
            return list(super().get_tags())
        app = apps.get_containing_app_config(type(self.view).__module__)
        return [getattr(self.view, "tag", "") or (app.name if app else "api")]

    def get_summary(self) -> str | None:
        """The first sentence of the method's docstring."""
        if not self._is_ours():
            return None
        text = " ".join(str(self.get_description()).split("\n\n")[0].split())
        return re.split(r"(?<=\w)[.;:] ", text)[0].rstrip(".") or None

    def get_auth(self) -> Any:
        """As drf-spectacular describes it; what it does not know is described by its class instead of a warning."""
        classes = list(self.view.authentication_classes)
        unknown = [one for one in classes if OpenApiAuthenticationExtension.get_match(one()) is None]
        self.view.authentication_classes = [one for one in classes if one not in unknown]
        try:
            described = super().get_auth()
        finally:
            self.view.authentication_classes = classes
        return [*(self._unknown_scheme(one) for one in unknown), *described]

    def _unknown_scheme(self, authentication: type[Any]) -> dict[str, list[str]]:
        name = authentication.__name__
        definition = _definition(authentication, self.view.request)
        self.registry.register_on_missing(component(name, definition, ResolvedComponent.SECURITY_SCHEMA))
        return {name: []}

    def _codes(self) -> Iterator[Code]:
        view: Any = self.view
        method = self.method
        permissions = {type(permission) for permission in view.get_permissions()}
        authenticators = view.get_authenticators()
        yield from codes.always
        yield from view.codes
        if view.uses_store:
            yield codes.STORE_UNAVAILABLE
        if method in _BODY_METHODS:
            yield from codes.with_body
            yield from view.write_codes
            yield codes.TOO_LARGE
            yield from self._codes_of_parsers()
        if view.rate_limit:
            yield codes.RATE_LIMITED
        if authenticators:
            yield codes.DATABASE_UNAVAILABLE
            yield from self._codes_of_callers(authenticators)
            checks_csrf = any(hasattr(one, "enforce_csrf") for one in authenticators) and method in _BODY_METHODS
            if checks_csrf or permissions - {AllowAny, IsAuthenticated}:
                yield codes.PERMISSION_DENIED

    def _codes_of_parsers(self) -> Iterator[Code]:
        parsers = self.view.get_parsers()
        if any(isinstance(parser, JsonParser) for parser in parsers):
            yield from (codes.INVALID_INPUT, codes.MALFORMED_JSON, codes.UNSUPPORTED_MEDIA_TYPE)
        if any(isinstance(parser, FormParser) for parser in parsers):
            yield codes.PARSE_ERROR

    def _codes_of_callers(self, authenticators: list[Any]) -> Iterator[Code]:
        """401; or 403 where the project's first authentication class has no header to ask with, as DRF has it."""
        asks = authenticators[0].authenticate_header(self.view.request)
        for code in (codes.NOT_AUTHENTICATED, codes.AUTHENTICATION_FAILED):
            yield code if asks else Code(403, code.name, code.when)

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> Any:
        """Without what DRF's generic views do to PATCH: here a required field is required there too.

        A serializer with `needs_body` requires a body although each of its fields may be left out.
        """
        method, self.method = self.method, "PUT" if self.method == "PATCH" else self.method
        try:
            schema, is_required = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call] # the package has no types
        finally:
            self.method = method
        return schema, is_required or getattr(serializer, "needs_body", False)

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call] # the package has no types
        kind = serializer if isinstance(serializer, type) else type(serializer)
        if direction == "request" and (issubclass(kind, Input) or getattr(kind, "refuses_unknown", False)):
            schema["additionalProperties"] = False
        if direction == "request" and getattr(kind, "needs_body", False):
            schema["minProperties"] = 1
        return schema

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: Any = False) -> Any:  # noqa: FBT002 (the package's signature)
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call] # the package has no types
        if schema and schema.get("type") == "integer" and "maximum" not in schema:
            schema.setdefault("format", "int64")
        return self._null_in_component(schema) if schema and schema.get("nullable") and "allOf" in schema else schema

    def _null_in_component(self, schema: dict[str, Any]) -> Any:
        """A reference to what may be null: the component itself says so.

        Beside a reference OpenAPI 3.0 gives `nullable` no meaning, and generators differ in what they make of it: see
        docs/decisions. So a component that may be null somewhere may be null everywhere.
        """
        (reference,) = schema["allOf"]
        named = self.registry[reference["$ref"].rpartition("/")[2], ResolvedComponent.SCHEMA].schema
        named["nullable"] = True
        named.setdefault("description", schema.get("description", ""))
        if "enum" in named and None not in named["enum"]:
            named["enum"] = [*named["enum"], None]
        return reference


def _definition(authentication: type[Any], request: Any) -> dict[str, str]:
    """How a class of the project's own probably knows its callers: by its base, or by what it says in a 401."""
    if issubclass(authentication, SessionAuthentication):
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
    scheme = str(authentication().authenticate_header(request) or "").partition(" ")[0].lower()
    if scheme in {"basic", "bearer"}:
        return {"type": "http", "scheme": scheme}
    return {"type": "apiKey", "in": "header", "name": "Authorization"}


class NamedChoices(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call] # the package's hook has no types
    """A choice whose schema has a name of its own, in every project and whatever its settings for enums."""

    target_class = "kv.rest.fields.NamedChoiceField"
    match_subclasses = True

    def get_name(self) -> str:
        """The component's name."""
        return str(self.target.schema_name)

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The choices. An enum must have one, and what is for sale on a site may be nothing."""
        choices = list(self.target.choices)
        return {"type": "string", "enum": choices} if choices else {"type": "string"}


def _hand_over(note: Note) -> None:
    """Decorate with drf-spectacular's own. A method's base is ours, whatever DEFAULT_SCHEMA_CLASS says."""
    if note.decorator == "extend_schema":
        note.target.schema = ApiSchema
    decorate = getattr(spectacular, note.decorator)(*_made(note.arguments), **_made(note.options))
    decorate(note.target)


def _made(described: Any) -> Any:
    """The same with every Part made, however deep in lists and dicts it is."""
    if isinstance(described, Part):
        return getattr(spectacular, described.kind)(*_made(described.arguments), **_made(described.options))
    if isinstance(described, dict):
        return {key: _made(value) for key, value in described.items()}
    if isinstance(described, (list, tuple)):
        return type(described)(_made(value) for value in described)
    return described


begin(_hand_over)
