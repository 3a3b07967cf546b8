"""Names of a package that are imported when they are first used.

The `services` package of an app is imported before Django has loaded its models: by settings, by `models` themselves.
Its public functions need the models. So the package lists them for type checkers and readers, and this module finds
them later.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any


def lazy_names(package: str, names: Sequence[str], modules: Sequence[str]) -> tuple[Callable[[str], Any], Any]:
    """`__getattr__` and `__dir__` for a package: each of `names` is what the first of `modules` has under it.

    modules: below the package; one that begins with a dot is beside it.
    """

    def find(name: str) -> Any:
        if name in names:
            for module in modules:
                found = vars(import_module(f".{module}", package))
                if name in found:
                    setattr(sys.modules[package], name, found[name])
                    return found[name]
        raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])

    def names_of_package() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names})

    return find, names_of_package
