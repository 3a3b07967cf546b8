"""What the page says of each operation, read from the description of the API."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.api_pages.fields import Field, Fields

_CODE = re.compile(r"^- `(?P<code>[a-z_]+)`: (?P<text>.+)$", re.MULTILINE)
_LEAST_ERROR = "400"
#: An error that so many calls describe in the same words is described once, and only named with each.
_SHARED_BY = 10


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    """An error that an operation may answer."""

    status: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is no error. example: JSON, or ""."""

    status: str
    types: str
    alternatives: list[list[Field]]
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API. parameters: of the path, the query and headers, with where they are.

    refusals: described with it. shared: named with it and described once.
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    caller: str
    parameters: list[tuple[Field, str]]
    alternatives: list[list[Field]]
    example: str
    answers: list[Answer]
    refusals: list[Refusal]
    shared: list[Refusal]


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors that are described once: those of every call, and those of many, by status."""

    of_every_call: list[Refusal]
    of_many_calls: list[Refusal]


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    description: str
    operations: list[Operation]


def read_groups(schema: Mapping[str, Any]) -> tuple[list[Group], Errors]:
    """Every operation by its tag, and the errors that are not described with each."""
    fields = Fields(schema["components"]["schemas"])
    found = [
        (operation["tags"][0], _operation(path, method, operation, fields))
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    answered_by = Counter(refusal for _tag, operation in found for refusal in dict.fromkeys(operation.refusals))
    errors = Errors(
        [refusal for refusal, calls in answered_by.items() if calls == len(found)],
        sorted(refusal for refusal, calls in answered_by.items() if _SHARED_BY <= calls < len(found)),
    )
    for _tag, operation in found:
        operation.shared.extend(refusal for refusal in operation.refusals if refusal in errors.of_many_calls)
        elsewhere = {*errors.of_every_call, *errors.of_many_calls}
        operation.refusals[:] = [refusal for refusal in operation.refusals if refusal not in elsewhere]
    groups = [
        Group(tag["name"], tag["description"], [operation for name, operation in found if name == tag["name"]])
        for tag in schema["tags"]
    ]
    return [group for group in groups if group.operations], errors


def _operation(path: str, method: str, described: Mapping[str, Any], fields: Fields) -> Operation:
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    summary, description = described["summary"], described["description"]
    return Operation(
        id=described["operationId"],
        method=method.upper(),
        path=path,
        summary=summary,
        # Views whose one sentence is the summary have no more to say.
        description="" if description.strip().rstrip(".") == summary else description,
        caller=_caller(described["security"]),
        parameters=[
            (
                Field(
                    one["name"], fields.type_of(one.get("schema", {})), one.get("required", False), one["description"]
                ),
                one["in"],
            )
            for one in described.get("parameters", ())
        ],
        alternatives=fields.alternatives(body["schema"]) if body else [],
        example=_example(body),
        answers=[
            _answer(status, answer, fields)
            for status, answer in described["responses"].items()
            if status < _LEAST_ERROR
        ],
        refusals=[
            refusal
            for status, answer in described["responses"].items()
            if status >= _LEAST_ERROR
            for refusal in _refusals(status, answer, fields)
        ],
        shared=[],
    )  # fmt: skip


def _caller(security: list[Mapping[str, Any]]) -> str:
    ways = [way for way in security if way]
    if not ways:
        return "Anybody"
    known = "A service by its token, or a user by a session"
    if any("csrfToken" in way for way in ways):
        known += " with X-CSRFToken"
    return known if len(ways) == len(security) else f"Anybody, where the description says so. {known}, otherwise"


def _answer(status: str, described: Mapping[str, Any], fields: Fields) -> Answer:
    content = described.get("content", {})
    body = content.get("application/json", {})
    return Answer(
        status, ", ".join(content), fields.alternatives(body["schema"]) if "schema" in body else [], _example(body)
    )


def _refusals(status: str, described: Mapping[str, Any], fields: Fields) -> Iterator[Refusal]:
    text = described["description"]
    if several := list(_CODE.finditer(text)):
        yield from (Refusal(status, found["code"], found["text"]) for found in several)
        return
    body = described.get("content", {}).get("application/json", {}).get("schema", {})
    code = fields.resolve(fields.resolve(body).get("properties", {}).get("code", {}))
    yield Refusal(status, ", ".join(code.get("enum", ())), text)


def _example(body: Mapping[str, Any]) -> str:
    for example in body.get("examples", {}).values():
        return json.dumps(example["value"], indent=2, ensure_ascii=False)
    return ""
