"""The public Python API, as the code has it: `__all__` of each app's services, signatures, errors in docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tests.house.tree import APPS

DOCUMENTS = {"stats": "stats", "usertokens": "tokens", "codetags": "codetags", "billing": "billing"}
#: Context managers: their twins are used by `async with`.
CONTEXTS = {"hold"}
#: Raised by everything that does I/O, so it is said once and not in every row.
EVERYWHERE = {"StoreUnavailable"}


def public(app: str) -> dict[str, Any]:
    """What the app's services export, by name."""
    services = import_module(f"{app}.services")
    return {name: getattr(services, name) for name in services.__all__}


def twin_of(app: str, name: str) -> Any:
    """The async twin; None for a name that has none."""
    return public(app).get(f"a{name}")


def is_twin(name: str, value: Any) -> bool:
    """Whether it is the async twin of another name."""
    return inspect.iscoroutinefunction(value) or name[1:] in CONTEXTS


def signature_of(function: Callable[..., Any]) -> str:
    """With types as they are written: `(user_id: str, *, key: str = "") -> Movement`."""
    signature = inspect.signature(function)
    parts: list[str] = []
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}".replace("'", '"')
        parts.append(f"{name}: {_type(parameter.annotation)}{default}")
    result = "" if inspect.isclass(function) else f" -> {_type(signature.return_annotation)}"
    return f"({', '.join(parts)}){result}"


def errors_of(app: str, function: Callable[..., Any]) -> list[str]:
    """The errors that its docstring names, in that order, but those that everything raises."""
    known = {"ValueError", "RateLimited"}
    for module in (f"{other}.errors" for other in (app, "kv")):
        known |= {name for name, value in vars(import_module(module)).items() if _is_error(value)}
    found = re.findall(r"\b[A-Z]\w+\b", inspect.getdoc(function) or "")
    return list(dict.fromkeys(name for name in found if name in known - EVERYWHERE))


def every_public() -> list[tuple[str, str, Any]]:
    """(app, name, value) of all apps."""
    return [(app, name, value) for app in APPS for name, value in public(app).items()]


def _is_error(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)


def _type(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else annotation.__name__
