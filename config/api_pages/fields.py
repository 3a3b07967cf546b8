"""The fields of a schema of OpenAPI, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_DEEPEST = 3
#: Listing more values than these tells a reader less than that there is a list.
_MOST_VALUES = 12
_FORMATS = {"date": "date", "date-time": "date and time", "uri": "URI", "uuid": "UUID"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field: `grants[].amount` for one inside of another. type: such as "integer, 1 to 100"."""

    name: str
    type: str
    is_required: bool
    description: str


class Fields:
    """Reads schemas, whose references are names of components."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema that a reference names, with what stands beside the reference."""
        if "$ref" in schema:
            return {**self.resolve(self._schemas[schema["$ref"].rsplit("/", 1)[1]]), **_without(schema, "$ref")}
        if len(schema.get("allOf", ())) == 1:
            return {**self.resolve(schema["allOf"][0]), **_without(schema, "allOf")}
        return schema

    def alternatives(self, schema: Mapping[str, Any]) -> list[list[Field]]:
        """The fields of each shape that a body may have: usually one."""
        found = self.resolve(schema)
        return [list(self._fields(one)) for one in found.get("oneOf", (found,))]

    def _fields(self, schema: Mapping[str, Any], before: str = "", depth: int = 1) -> Iterator[Field]:
        found = self.resolve(schema)
        for name, one in found.get("properties", {}).items():
            field = self.resolve(one)
            is_list = field.get("type") == "array"
            required = name in found.get("required", ())
            yield Field(f"{before}{name}", self.type_of(field), required, field.get("description", ""))
            inner = self.resolve(field["items"]) if is_list else field
            if depth < _DEEPEST and inner.get("properties"):
                yield from self._fields(inner, f"{before}{name}{'[]' if is_list else ''}.", depth + 1)

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """The type of a value with its bounds, in words."""
        found = self.resolve(schema)
        if "oneOf" in found or "anyOf" in found:
            kinds = dict.fromkeys(self.type_of(one) for one in found.get("oneOf") or found.get("anyOf", ()))
            return " or ".join(kinds)
        kind = str(found.get("type", "any"))
        if kind == "array":
            kind = f"list of {self.type_of(found['items'])}"
        values = [str(value) for value in found.get("enum", ()) if value is not None]
        if values and len(values) <= _MOST_VALUES:
            kind = f"{kind}: {', '.join(values)}"
        elif bounds := _bounds(found):
            kind = f"{kind}, {bounds}"
        if "default" in found:
            kind = f"{kind}, default {found['default']}"
        return f"{kind} or null" if found.get("nullable") else kind


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high, unit = schema.get("minimum"), schema.get("maximum"), ""
    if low is None and high is None:
        low, high, unit = schema.get("minLength"), schema.get("maxLength"), " characters"
    if schema.get("format") in _FORMATS:
        return _FORMATS[str(schema["format"])]
    if low is not None and high is not None:
        return f"{low} to {high}{unit}"
    if high is not None:
        return f"at most {high}{unit}"
    return f"at least {low}{unit}" if low is not None else ""


def _without(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != name}
