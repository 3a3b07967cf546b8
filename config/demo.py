"""Sample data for a fresh site: every installed app that has a `demo` module fills its own part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from random import Random
from types import ModuleType
from typing import Protocol, cast

from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule

from kv.conf import app_settings
from kv.connection import connection
from kv.errors import store_errors
from kv.keys import families

DAYS = 90


class Fill(Protocol):
    """`fill` of an app's `demo` module: writes believable records of the last `days` days through the app's services.

    days:    how many, the day of `now` the last.
    rng:     the app's own source of chance: the same seed makes the same data, whatever other apps are there.
    now:     aware; the moment that counts as the present.
    advance: to be called with the number of records just written.
    """

    def __call__(self, *, days: int, rng: Random, now: datetime, advance: Callable[[int], None]) -> None:
        """Fill."""


@dataclass(frozen=True, slots=True)
class Part:
    """One app's share of the sample data; `afterwards` is a sentence to say when it is there, or ""."""

    app: str
    title: str
    fill: Fill
    afterwards: str = ""


def list_parts() -> tuple[Part, ...]:
    """The parts of the installed apps, in the order of INSTALLED_APPS."""
    return tuple(
        _part(config)
        for config in apps.get_app_configs()
        if config.module is not None and _is_part(config.name, config.module)
    )


def has_figures() -> bool:
    """Whether anything of any app stands in the store. Raises StoreUnavailable."""
    return next(_keys(), None) is not None


def fill_part(part: Part, *, seed: str, now: datetime, advance: Callable[[int], None], days: int = DAYS) -> None:
    """Let one app write its sample data. Raises whatever its services raise; what was written until then stays."""
    part.fill(days=days, rng=Random(f"{seed}:{part.app}"), now=now, advance=advance)  # noqa: S311 (nothing secret)


def _part(config: AppConfig) -> Part:
    module = import_module(f"{config.name}.demo")
    return Part(
        config.label, str(config.verbose_name), cast("Fill", module.fill), str(getattr(module, "AFTERWARDS", ""))
    )


def _is_part(name: str, module: ModuleType) -> bool:
    return name != "config" and module_has_submodule(module, "demo")  # config.demo is this module


def _keys() -> Iterator[bytes]:
    prefix = "".join(f"\\{letter}" if letter in "*?[]\\" else letter for letter in app_settings.KV_PREFIX)
    client = connection()
    with store_errors():
        for family in families():
            yield from client.scan_iter(match=f"{prefix}{family}*", count=1000)
