"""What views say for the description of the API, kept until somebody asks for the description.

drf-spectacular takes 90 ms and 10 MB to import, and most processes never describe anything. So nothing here imports it:
what a view says is noted, and `kv.rest.auto_schema` hands it over when it is imported itself, with the first look at
any view's `schema`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from kv.rest.auto_schema import ApiSchema

__all__ = [
    "ApiSchema", "Part", "SchemaOfViews", "answered", "extend_schema", "extend_schema_field",
    "extend_schema_serializer", "one_of", "parameter", "response", "sent", "when_described",
]  # fmt: skip

_Target = TypeVar("_Target", bound=Any)
Task = Callable[[], object]


@dataclass(frozen=True)
class Part:
    """An object of drf-spectacular, made when the description is. kind: its class in `drf_spectacular.utils`."""

    kind: str
    arguments: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """A decorator of `drf_spectacular.utils` that a method, a serializer or a field asks for."""

    decorator: str
    target: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]


_noted: list[Note] = []
_tasks: list[Task] = []
_hand_over: Callable[[Note], object] | None = None
_noting = threading.Lock()


def sent(value: Any, media_type: str = "application/json") -> Part:
    """The example of an operation's request, in a body of this type."""
    return Part("OpenApiExample", ("Request",), {"value": value, "request_only": True, "media_type": media_type})


def answered(value: Any, *statuses: int) -> Part:
    """The example of an operation's answer; of 200 and 201 unless statuses say otherwise."""
    codes = [str(status) for status in statuses] or None
    return Part("OpenApiExample", ("Response",), {"value": value, "response_only": True, "status_codes": codes})


def response(body: Any, description: str) -> Part:
    """The answer of one status. body: its serializer or its schema."""
    return Part("OpenApiResponse", (body, description))


def parameter(name: str, kind: Any, location: str = "query", **options: Any) -> Part:
    """A parameter of an operation. kind: its Python type or its schema. location: query, path, header or cookie."""
    return Part("OpenApiParameter", (name, kind, location), options)


def one_of(name: str, serializers: Sequence[Any]) -> Part:
    """A body of one of several shapes, which no field tells apart."""
    return Part("PolymorphicProxySerializer", (name, list(serializers)), {"resource_type_field_name": None})


def extend_schema(**described: Any) -> Callable[[_Target], _Target]:
    """drf-spectacular's decorator for a method of an ApiView, in every project.

    Its own takes the project's DEFAULT_SCHEMA_CLASS as a base. Where that is DRF's, its methods would come before ours.
    """

    def decorate(method: _Target) -> _Target:
        # Where drf-spectacular puts it. Made here, so that a wrapper that copies the method's attributes has it too.
        method.kwargs = {}
        return _note("extend_schema", method, (), described)

    return decorate


def extend_schema_field(schema: Any) -> Callable[[_Target], _Target]:
    """drf-spectacular's decorator for a field. schema: what the field is, in OpenAPI's words."""
    return lambda target: _note("extend_schema_field", target, (schema,), {})


def extend_schema_serializer(**options: Any) -> Callable[[_Target], _Target]:
    """drf-spectacular's decorator for a serializer."""
    return lambda target: _note("extend_schema_serializer", target, (), options)


def when_described(task: Task) -> None:
    """Call `task` when the description is first asked for; at once when it was already."""
    with _noting:
        if _hand_over is None:
            _tasks.append(task)
            return
    task()


def begin(hand_over: Callable[[Note], object]) -> None:
    """Hand over what was noted, and from now on at once what is noted later. Only for `kv.rest.auto_schema`."""
    global _hand_over  # noqa: PLW0603 (one for the process)
    with _noting:
        _hand_over = hand_over
        noted, tasks = _noted[:], _tasks[:]
        _noted.clear()
        _tasks.clear()
    for note in noted:
        hand_over(note)
    for task in tasks:
        task()


def _note(decorator: str, target: _Target, arguments: tuple[Any, ...], options: dict[str, Any]) -> _Target:
    note = Note(decorator, target, arguments, options)
    with _noting:
        if _hand_over is None:
            _noted.append(note)
            return target
    _hand_over(note)
    return target


class SchemaOfViews:
    """The attribute `schema` of a view class: an `ApiSchema`, which takes this object's place when it is asked for."""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._owner = owner

    def __get__(self, instance: Any, owner: type[Any]) -> Any:
        return self._made().__get__(instance, owner)

    def __set__(self, instance: Any, schema: Any) -> None:
        self._made().__set__(instance, schema)

    def _made(self) -> Any:
        from kv.rest.auto_schema import ApiSchema

        found = vars(self._owner)["schema"]
        if found is self:
            found = ApiSchema()
            self._owner.schema = found
        return found


def __getattr__(name: str) -> Any:
    # The name that a project writes into DEFAULT_SCHEMA_CLASS.
    if name == "ApiSchema":
        from kv.rest.auto_schema import ApiSchema

        return ApiSchema
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
