"""The panel "Today" on the admin's index, and the parts of a page about one user: what each app adds, in its `desk.py`.

    PANELS = (Panel("stats.view_statistics", order=10, commands=…, read=…), …)
    SECTIONS = (Section("billing.view_stripecustomer", order=30, template="…", read=…), …)
    FINDERS = (Finder("billing.view_stripecustomer", find=…), …)

An app that is not installed adds nothing, so none of them knows the others. What a member of staff may not see is not
read. The commands of all panels go to the store in one round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from django.apps import apps
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import module_has_submodule

from kv.errors import StoreUnavailable
from kv.labels import admin_page
from kv.rest.permissions import may
from kv.store.connection import call_many

#: Where the base package has its own.
_PLACES = {"kv": "kv.desk.own"}
UNKNOWN = "–"


@dataclass(frozen=True)
class Figure:
    """One figure of the panel.

    value: as the reader sees it. note: a few words below it.
    url: where there is more, "" for nowhere; of a function of the reader where not everybody may go to the same page.
    level: "" or "warning" or "error": whether somebody should act.
    """

    name: str
    value: str = UNKNOWN
    note: str = ""
    url: str | Callable[[Any], str] = ""
    level: str = ""


@dataclass(frozen=True)
class Panel:
    """Some figures, for users with one permission.

    permission: `app.codename`, or a function that returns it; "" = superusers alone.
    commands:   what it asks of the store, sent with those of the other panels.
    read:       the figures, from the replies to these commands; from None when the store does not answer. It may query
                the database, once or twice. Raises StoreUnavailable only if it calls the store by itself.
    """

    permission: str | Callable[[], str]
    order: int
    read: Callable[[Sequence[Any] | None], Iterable[Figure]]
    commands: Callable[[], Sequence[tuple[Any, ...]]] = field(default=tuple)


@dataclass(frozen=True)
class Section:
    """A part of the page about one user: a template, and what it shows. read: None leaves the part out."""

    permission: str
    order: int
    template: str
    read: Callable[[str], dict[str, Any] | None]


@dataclass(frozen=True)
class Finder:
    """Finds users by what one app knows of them, such as a payment provider's customer. find: text → ids of users."""

    permission: str
    find: Callable[[str], Iterable[str]]
    order: int = 0


@dataclass(frozen=True)
class Today:
    """What the panel shows. is_away: the store did not answer, so some figures are unknown."""

    figures: tuple[Figure, ...]
    is_away: bool


def read_today(user: Any) -> Today:
    """The figures that this user may see, in one round trip to the store."""
    panels = [panel for panel in _installed("PANELS") if _may_see(user, panel)]
    asked = [tuple(panel.commands()) for panel in panels]
    replies: list[Any] | None = None
    is_away = False
    try:
        replies = call_many([command for commands in asked for command in commands]) if any(asked) else []
    except StoreUnavailable:
        is_away = True
    figures: list[Figure] = []
    place = 0
    for panel, commands in zip(panels, asked, strict=True):
        own = None if replies is None and commands else (replies or [])[place : place + len(commands)]
        place += len(commands)
        figures += (replace(one, url=one.url(user)) if callable(one.url) else one for one in panel.read(own))
    return Today(tuple(figures), is_away)


def read_sections(user: Any, user_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each part of the page about a user that this member of staff may see, its template and its context."""
    for section in _installed("SECTIONS"):
        if may(user, section.permission):
            context = section.read(user_id)
            if context is not None:
                yield section.template, context


def find_users(user: Any, text: str) -> list[str]:
    """The ids of users whom the apps know by this text, as far as this member of staff may see."""
    finders = [finder for finder in _installed("FINDERS") if may(user, finder.permission)]
    return [user_id for finder in finders for user_id in finder.find(text)]


def admin_link(name: str, *args: Any, query: str = "", site: str | None = None) -> str:
    """The address of an admin page, such as "codetags.codecount_changelist"; "" where the project has none.

    site: the name of the AdminSite, where a page links to others of its own; None: the project's first.
    """
    try:
        return reverse(admin_page(name), args=args, current_app=site) + (f"?{query}" if query else "")
    except NoReverseMatch:
        return ""


def _may_see(user: Any, panel: Panel) -> bool:
    permission = panel.permission if isinstance(panel.permission, str) else panel.permission()
    return may(user, permission) if permission else bool(getattr(user, "is_superuser", False))


def _installed(name: str) -> list[Any]:
    found: list[Any] = []
    for config in apps.get_app_configs():
        place = _PLACES.get(config.name)
        if place is None and module_has_submodule(config.module, "desk"):
            place = f"{config.name}.desk"
        if place:
            # A project's own app may have a module of this name for something else.
            own = getattr(import_module(place), name, ())
            found += [one for one in own if isinstance(one, Panel | Section | Finder)]
    return sorted(found, key=lambda one: one.order)
