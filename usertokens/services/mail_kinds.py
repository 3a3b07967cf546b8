"""The kinds of mail of all installed apps."""

from __future__ import annotations

from django.apps import apps
from django.utils.module_loading import import_string

from usertokens.errors import UnknownMailKind
from usertokens.types import MailKind


def mail_kinds() -> dict[str, MailKind]:
    """Every kind by its name: each AppConfig names a list of its own in `mail_kinds`, as a dotted path."""
    places = (getattr(config, "mail_kinds", "") for config in apps.get_app_configs())
    return {kind.name: kind for place in places if place for kind in import_string(place)}


def find_kind(name: str) -> MailKind:
    """The kind of this name. Raises UnknownMailKind."""
    try:
        return mail_kinds()[name]
    except KeyError:
        raise UnknownMailKind(name) from None
