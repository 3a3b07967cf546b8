"""Views of a URL conf that are imported when they are first needed, not when the URL conf is.

Django REST framework and what our views stand on take 150 ms to import. A management command reads the URL conf for its
checks and serves nobody, so it does not wait for that. Whoever looks at an attribute of such a view (`csrf_exempt`,
`view_class`, DRF's `cls`) finds the view's own. So does Django with the first `reverse`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_made: list[LazyView] = []


class LazyView:
    """A view by its name, such as `LazyView("stats.views.api.VisitView")`: of a function, or of a class of views.

    What is asked of it, and what a decorator sets or copies, is the view's own.
    """

    def __init__(self, place: str) -> None:
        module, _, name = place.rpartition(".")
        own = {"__module__": module, "_name": name, "_view": None}
        for attribute, value in own.items():
            object.__setattr__(self, attribute, value)
        _made.append(self)

    def load(self) -> Any:
        """The view itself. Raises ImportError when there is none."""
        if self._view is None:
            try:
                found: Any = getattr(import_module(self.__module__), self._name)
            except AttributeError as error:  # which would tell whoever asks for an attribute that there is none
                raise ImportError(f"{self!r} can't be imported: {error}") from error
            object.__setattr__(self, "_view", found.as_view() if hasattr(found, "as_view") else found)
        return self._view

    def __call__(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Serve the request."""
        return self.load()(request, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Whatever is asked of the view. Not Python's own names: what copies or inspects an object gets this one."""
        if name.startswith("__") and name not in {"__name__", "__qualname__"}:
            raise AttributeError(name)
        return getattr(self.load(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.load(), name, value)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override] # a property, as the view is loaded late
        """The view's: `functools.wraps` copies it, and `csrf_exempt` is in it."""
        found: dict[str, Any] = self.load().__dict__
        return found

    def __reduce__(self) -> tuple[type[LazyView], tuple[str]]:
        return LazyView, (f"{self.__module__}.{self._name}",)

    def __repr__(self) -> str:
        return f"<LazyView {self.__module__}.{self._name}>"


def load_views() -> None:
    """Import every view: before a server's first request, which would wait for it."""
    for lazy in _made:
        lazy.load()
