"""A request against the library's own type of it: every name, every value, to the innermost.

Raises ApiError as Stripe literals it; answers the values in Python's types.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

from stripe._stripe_object import UntypedStripeObject

from tests.stripe_fake import limits
from tests.stripe_fake.errors import ApiError, invalid, missing, unknown_param
from tests.stripe_fake.library import Operation, alternatives, fields

_INT = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def validate(operation: Operation, form: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a request, checked and typed; form: as `parse_form` reads it."""
    return _Reader(operation.template).mapping(operation.params, form, "")


class _Reader:
    def __init__(self, template: str) -> None:
        self._template = template

    def mapping(self, owner: Any, form: dict[str, Any], path: str) -> dict[str, Any]:
        """The fields of a TypedDict."""
        known = fields(owner)
        for name in form:
            if name not in known:
                similar = difflib.get_close_matches(name, known, 1)
                raise unknown_param(_join(path, name), similar[0] if similar else None)
        for name, (_, must) in known.items():
            if must and name not in form:
                raise missing(_join(path, name))
        module = sys.modules[owner.__module__]
        return {name: self.value(known[name][0], module, one, _join(path, name), name) for name, one in form.items()}

    def value(self, annotation: Any, module: ModuleType, given: Any, path: str, name: str) -> Any:
        """One value; of a union the first member that takes it, and the last one's refusal when none does."""
        members = sorted(alternatives(annotation, module), key=_rank)
        literals = [one for one in members if get_origin(one) is Literal]
        if given == "" and any("" in get_args(one) for one in literals):
            return ""
        # `Union[Literal["a", "b"], str]` lets a type checker pass newer literals; Stripe refuses what is not there yet.
        named = [literal for one in literals for literal in get_args(one) if literal != ""]
        if any(isinstance(literal, str) for literal in named):
            members = [one for one in members if one is not str]
        refusal: ApiError | None = None
        for one in members:
            try:
                return self._member(one, module, given, path, name)
            except _Unfit as error:
                refusal = error.refusal
        raise refusal or invalid(f"Invalid {path}", path)

    def _member(self, one: Any, module: ModuleType, given: Any, path: str, name: str) -> Any:
        origin = get_origin(one)
        if origin is Literal:
            return self._literal(get_args(one), given, path)
        if origin is list:
            return self._list(get_args(one)[0], module, given, path, name)
        if origin in (dict, UntypedStripeObject):
            return self._free(get_args(one)[-1], module, given, path, name)
        if isinstance(one, type) and hasattr(one, "__required_keys__"):
            if not isinstance(given, dict):
                raise _Unfit(invalid(f"Invalid object: {given}", path, code="parameter_invalid_object"))
            return self.mapping(one, given, path)
        if isinstance(given, dict):
            raise _Unfit(invalid(f"Invalid {_KINDS[one][0]}: {{...}}", path))
        return self._plain(one, given, path, name)

    def _literal(self, literals: tuple[Any, ...], given: Any, path: str) -> Any:
        for literal in literals:
            if given == (str(literal).lower() if isinstance(literal, bool) else literal) and given != "":
                return literal
        listed = [str(literal) for literal in literals if literal != ""]
        choice = f"{', '.join(listed[:-1])}, or {listed[-1]}" if len(listed) > 1 else "".join(listed)
        raise _Unfit(invalid(f"Invalid {path}: must be one of {choice}", path))

    def _list(self, inner: Any, module: ModuleType, given: Any, path: str, name: str) -> list[Any]:
        if not isinstance(given, dict) or not all(key.isdecimal() for key in given):
            raise _Unfit(invalid("Invalid array", path))
        keys = sorted(given, key=int)
        return [self.value(inner, module, given[key], f"{path}[{key}]", name) for key in keys]

    def _free(self, inner: Any, module: ModuleType, given: Any, path: str, name: str) -> dict[str, Any]:
        """A mapping whose keys are the caller's."""
        if not isinstance(given, dict):
            raise _Unfit(invalid(f"Invalid hash: {given}", path))
        if name == "metadata":
            limits.check_metadata(path, given)
            return dict(given)
        return {key: self.value(inner, module, one, f"{path}[{key}]", key) for key, one in given.items()}

    def _plain(self, one: Any, given: str, path: str, name: str) -> Any:
        if one is str:
            limits.check_text(self._template, path, name, given)
            return given
        kind, fits, read = _KINDS[one]
        if not fits(given):
            raise _Unfit(invalid(f"Invalid {kind}: {given}", path, code=f"parameter_invalid_{kind}"))
        found = read(given)
        if not isinstance(found, bool):
            limits.check_number(path, name, found)
        return found


class _Unfit(Exception):
    """This member of a union does not take the value."""

    def __init__(self, refusal: ApiError) -> None:
        super().__init__()
        self.refusal = refusal


_KINDS: dict[Any, tuple[str, Callable[[str], object], Callable[[str], Any]]] = {
    bool: ("boolean", lambda given: given in ("true", "false"), lambda given: given == "true"),
    int: ("integer", _INT.fullmatch, int),
    float: ("decimal", _NUMBER.fullmatch, float),
    Decimal: ("decimal", _NUMBER.fullmatch, Decimal),
    str: ("string", lambda given: True, str),
}


def _rank(one: Any) -> int:
    """Literals first, texts last: "now" is tried as a literal before it is refused as a number."""
    if get_origin(one) is Literal:
        return 0
    return 2 if one is str else 1


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
