"""Responses of refusals for the API's description: one schema for each set of codes, shared by all operations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from kv.rest.codes import Code

_PHRASES = {
    400: "BadRequest", 401: "Unauthorized", 402: "PaymentRequired", 403: "Forbidden", 404: "NotFound",
    408: "RequestTimeout", 409: "Conflict", 411: "LengthRequired", 413: "TooLarge", 415: "UnsupportedMediaType",
    429: "TooManyRequests", 503: "Unavailable",
}  # fmt: skip
#: Names of the sets that most operations share, by the code that tells them apart; the first that is in a set names it.
_COMMON = {
    "parse_error": "InvalidForm",
    "malformed_json": "InvalidBody",
    "invalid_input": "InvalidInput",
    "bad_request": "BadRequest",
    "authentication_failed": "Unauthorized",
    "account_closed": "AccountNotFound",
    "database_unavailable": "Unavailable",
    "store_unavailable": "StoreUnavailable",
}
#: What stands in such a set beside other codes of it, and so says nothing of its own.
_PLAIN = frozenset(
    {"incomplete_body", "unknown_transfer_coding", "not_authenticated", "permission_denied", "not_found", "busy"}
)  # fmt: skip
_MOST_JOINED = 2
_RETRY_AFTER = {"description": "Seconds until the next attempt.", "schema": {"type": "integer", "minimum": 1}}
_HEADERS: dict[int, dict[str, Any]] = {
    401: {
        "WWW-Authenticate": {"description": "How to say who you are.", "schema": {"type": "string"}},
    },
    429: {
        "Retry-After": _RETRY_AFTER | {"required": True},
        "RateLimit": {
            "description": 'The limit, the requests left (`r`), the seconds to wait (`t`): `"visit";r=0;t=12`.',
            "schema": {"type": "string"},
        },
        "RateLimit-Policy": {
            "description": 'The limit, its requests (`q`) and their window in seconds (`w`): `"visit";q=30;w=60`.',
            "schema": {"type": "string"},
        },
    },
    503: {"Retry-After": _RETRY_AFTER},
}


def error_responses(registry: ComponentRegistry, codes: Collection[Code], operation_id: str) -> dict[str, Any]:
    """The responses of an operation that may be refused with these codes, by status."""
    return {str(status): _response(registry, status, found, operation_id) for status, found in _by_status(set(codes))}


def component(name: str, schema: dict[str, Any], kind: str = ResolvedComponent.SCHEMA) -> Any:
    """A component of the description that no serializer or class stands for."""
    made: Any = ResolvedComponent
    return made(name, kind, schema, object=name)


def _by_status(codes: Collection[Code]) -> Iterator[tuple[int, list[Code]]]:
    ordered = sorted(codes, key=lambda code: (code.status, code.name))
    for status, found in groupby(ordered, key=lambda code: code.status):
        yield status, list(found)


def _response(registry: ComponentRegistry, status: int, codes: list[Code], operation_id: str) -> dict[str, Any]:
    sentences = [f"- `{code.name}`: {code.when}" for code in codes]
    response: dict[str, Any] = {"description": "\n".join(sentences) if len(sentences) > 1 else codes[0].when}
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    schema = _component(registry, status, codes, operation_id).ref
    return {**response, "content": {"application/json": {"schema": schema}}}


def _component(registry: ComponentRegistry, status: int, codes: list[Code], operation_id: str) -> Any:
    """The schema of these codes, registered. A name that is taken by another set makes room for the operation's own."""
    own = _camel(operation_id) + _PHRASES.get(status, str(status))
    schema = _schema(status, codes)
    for name in filter(None, (_shared_name(codes), own)):
        error = component(f"{name}Error", schema)
        registered = registry._components.get(error.key)  # noqa: SLF001 (it has no public name)
        if registered is None:
            # A type of its own, so that clients compare with names and not with texts.
            choices = {"type": "string", "enum": [code.name for code in codes]}
            code = component(f"{name}Code", choices)
            schema["properties"]["code"] = code.ref
            registry.register_on_missing(code)
            registry.register_on_missing(error)
            return error
        if _same(registered.schema, schema):
            return registered
    raise AssertionError(f"{operation_id}: two sets of codes for status {status}")


def _same(registered: dict[str, Any], schema: dict[str, Any]) -> bool:
    return bool(registered.get("example") == schema["example"] and registered["description"] == schema["description"])


def _shared_name(codes: list[Code]) -> str:
    """The name of a set that several operations may share; "" for one that is the operation's own."""
    names = [code.name for code in codes]
    common = next((shared for code, shared in _COMMON.items() if code in names), "")
    if common:
        return common if set(names) <= _COMMON.keys() | _PLAIN else ""
    return "Or".join(_camel(name) for name in names) if len(names) <= _MOST_JOINED else ""


def _schema(status: int, codes: list[Code]) -> dict[str, Any]:
    """detail, code and what the codes carry: required where each of them carries it."""
    carried: dict[str, Any] = {}
    for code in codes:
        carried |= code.fields
    everywhere = [name for name in carried if all(name in code.fields for code in codes)]
    usual = _usual(codes)
    example: dict[str, Any] = {"detail": usual.when, "code": usual.name}
    if "errors" in everywhere:
        example["errors"] = {"body": [usual.when]}
    return {
        "type": "object",
        "description": f"{status}: " + ", ".join(code.name for code in codes),
        "properties": {"detail": {"type": "string", "description": "A sentence for a person."}, **carried},
        "required": ["code", "detail", *everywhere],
        "example": example | {name: field["example"] for name, field in carried.items() if "example" in field},
    }


def _usual(codes: list[Code]) -> Code:
    """The code of the example: what clients meet most."""
    by_name = {code.name: code for code in codes}
    names = [
        name for name in ("invalid_input", "not_authenticated", "not_found", "store_unavailable") if name in by_name
    ]
    return by_name[names[0]] if names else codes[0]


def _camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))
