"""Sample data for a fresh site: every installed app that has a `demo` module fills its own part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from random import Random
from types import ModuleType
from typing import Protocol, cast

from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule

DAYS = 90


class Fill(Protocol):
    """`fill` of an app's `demo` module: writes realistic records of the last `days` days through the app's services.

    days:    how many; the last one is the day of `now`.
    rng:     the app's own generator: the same seed makes the same data, whatever other apps are installed.
    now:     aware; taken as the present.
    advance: called with the number of records just written.
    """

    def __call__(self, *, days: int, rng: Random, now: datetime, advance: Callable[[int], None]) -> None:
        """Write the records."""


@dataclass(frozen=True, slots=True)
class Part:
    """One app's share of the sample data: `is_fresh`, `fill` and, if it has them, `check` and `AFTERWARDS` of `demo`.

    is_fresh:   whether the app has no records yet, besides those of a start or of `make admin`.
    check:      raises CommandError where no sample data may be made; called before any app writes.
    afterwards: a sentence to print at the end, or "".
    """

    app: str
    title: str
    is_fresh: Callable[[], bool]
    fill: Fill
    check: Callable[[], None]
    afterwards: str = ""


def list_parts() -> tuple[Part, ...]:
    """The parts of the installed apps, in the order of INSTALLED_APPS."""
    return tuple(
        _part(config)
        for config in apps.get_app_configs()
        if config.module is not None and _is_part(config.name, config.module)
    )


def fill_part(part: Part, *, seed: str, now: datetime, advance: Callable[[int], None], days: int = DAYS) -> None:
    """Write one app's sample data. Raises what its services raise; records written before stay."""
    part.fill(days=days, rng=Random(f"{seed}:{part.app}"), now=now, advance=advance)  # noqa: S311 (nothing secret)


def _part(config: AppConfig) -> Part:
    module = import_module(f"{config.name}.demo")
    return Part(
        app=config.label,
        title=str(config.verbose_name),
        is_fresh=module.is_fresh,
        fill=cast("Fill", module.fill),
        check=getattr(module, "check", _no_check),
        afterwards=str(getattr(module, "AFTERWARDS", "")),
    )


def _no_check() -> None:
    """For apps without a `check`."""


def _is_part(name: str, module: ModuleType) -> bool:
    return name != "config" and module_has_submodule(module, "demo")  # config.demo is this module
