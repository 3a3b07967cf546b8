"""Old dotted paths of modules that moved: they work for one more release, with a warning.

Projects have them in their settings (`kv.caches.durable_cache`, `kv.fragments.FragmentMiddleware`, …) and in their own
code. One finder answers for all of them, so that the old modules need not stand beside the new ones.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class RemovedIn03Warning(DeprecationWarning):
    """What is named works, and ends with release 0.3. See docs/versioning.md."""


class RemovedIn04Warning(DeprecationWarning):
    """The same, with release 0.4."""


_STORE = ("caches", "cluster", "connection", "embedded", "factories", "health", "nodes", "scripts", "tls")
_WEB = ("addresses", "agents", "fragments", "origins", "spreadsheets", "text_fields", "throttling")
#: Old path: new path.
MOVED = {
    **{f"kv.{name}": f"kv.store.{name}" for name in _STORE},
    **{f"kv.{name}": f"kv.web.{name}" for name in _WEB},
    **{f"kv.{name}": f"kv.work.{name}" for name in ("duties", "worker")},
    "kv.breaker": "kv.store.circuit_breaker",
    "kv.batches": "kv.sql.batches",
    "kv.numbers": "kv.store.numbers",
    "kv.texts": "kv.web.texts",
}
#: Of those, which moved after release 0.2.
MOVED_IN_03 = {"kv.batches", "kv.numbers", "kv.texts"}


#: Where names are found that did not stay with their module.
_ALSO = {"kv.throttling": "kv.web.rate_limits"}


class _Forward(Loader):
    """Makes a module that hands on every name of another one."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own way of making one will do."""

    def exec_module(self, module: ModuleType) -> None:
        target = MOVED[module.__name__]
        warning: type[DeprecationWarning]
        since, end, warning = "0.2", "0.3", RemovedIn03Warning
        if module.__name__ in MOVED_IN_03:
            since, end, warning = "0.3", "0.4", RemovedIn04Warning
        text = f"{module.__name__} is {target} since {since}; the old path ends with {end}"
        warnings.warn(text, warning, stacklevel=2)
        found = [import_module(name) for name in (target, _ALSO.get(module.__name__, target))]

        def hand_on(name: str) -> Any:
            return getattr(next((one for one in found if hasattr(one, name)), found[0]), name)

        module.__dict__["__getattr__"] = hand_on


class MovedModules(MetaPathFinder):
    """Finds the modules of MOVED; asked last, after every other finder has found nothing."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a forwarding module, None for every other name."""
        return ModuleSpec(fullname, _Forward()) if fullname in MOVED else None


def forward_old_paths() -> None:
    """Make the old paths importable, once for the process."""
    if not any(isinstance(finder, MovedModules) for finder in sys.meta_path):
        sys.meta_path.append(MovedModules())
