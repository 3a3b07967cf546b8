"""Names of a package, and modules, that are imported when they are first used.

The `services` package of an app is imported before Django has loaded its models: by settings, by `models` themselves.
Its public functions need the models. So the package lists them for type checkers and readers, and this module finds
them later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


class LazyModule:
    """Stands for a module that takes long to import and is seldom needed: `else: stripe = LazyModule("stripe")`.

    Type checkers see the import itself, under `if TYPE_CHECKING`.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """The module's own. Not Python's names, which only what inspects an object asks for."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self._name), name)


def lazy_names(
    package: str, names: Sequence[str], places: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a package that exports `names`.

    places: for each module the names that are in it, and their async twins. A module is below the package; one that
            begins with a dot is beside it.
    """
    modules = {name: module for module, found in places.items() for name in found}

    def find(name: str) -> Any:
        module = modules.get(name) or modules.get(name.removeprefix("a"))
        if name not in names or module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        value = getattr(import_module(f".{module}", package), name)
        setattr(sys.modules[package], name, value)
        return value

    def names_of_package() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names})

    return find, names_of_package
