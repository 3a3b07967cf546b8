"""What the description of the API says that each operation may answer; every test's SiteClient is held against it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from config.describing import describe_api

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    """The description of the API, as `/api/schema` has it."""
    return describe_api()


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation."""
    for path, item in description()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, where it is a reference."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = description()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def declared_codes(operation: dict[str, Any]) -> dict[int, set[str]]:
    """The codes of each status of 4xx and 5xx."""
    refusals = {
        int(status): resolve(response["content"]["application/json"]["schema"])
        for status, response in operation["responses"].items()
        if int(status) >= 400
    }
    return {status: set(resolve(schema["properties"]["code"])["enum"]) for status, schema in refusals.items()}


@lru_cache(maxsize=1)
def _table() -> list[tuple[str, re.Pattern[str], dict[int, set[str]]]]:
    return [
        (method.upper(), re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), declared_codes(operation))
        for method, path, operation in operations()
    ]


def codes_at(method: str, path: str) -> dict[int, set[str]] | None:
    """The codes of each status of the operation at a path; None where there is no operation."""
    return next((codes for verb, pattern, codes in _table() if verb == method and pattern.fullmatch(path)), None)
