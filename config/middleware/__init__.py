"""The site's middleware, one module for each concern.

The names of before 0.2, such as `config.middleware.StoreMiddleware`, work until 0.3, with a RemovedIn03Warning.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any
from warnings import warn

from kv.moved import RemovedIn03Warning

_MOVED = {
    "ApiMiddleware": "config.middleware.api",
    "KeptSessions": "config.middleware.sessions",
    "LanguageOfAddress": "config.middleware.language",
    "StaffAuthentication": "config.middleware.sessions",
}


def __getattr__(name: str) -> Any:
    if name == "StoreMiddleware":
        modules = [f"config.middleware.{part}" for part in ("headers", "form_size", "error_pages")]
        warn(f"config.middleware.{name} is split: name the middleware of {', '.join(modules)}", RemovedIn03Warning, 2)
        return _store_middleware
    if name in _MOVED:
        warn(f"config.middleware.{name} has moved to {_MOVED[name]}", RemovedIn03Warning, 2)
        return getattr(import_module(_MOVED[name]), name)
    raise AttributeError(name)


def _store_middleware(get_response: Any) -> Any:
    from config.middleware.error_pages import ErrorPages
    from config.middleware.form_size import FormSizeLimit
    from config.middleware.headers import HeaderHygiene

    return ErrorPages(HeaderHygiene(FormSizeLimit(get_response)))
