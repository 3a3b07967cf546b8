"""The admin's log of changes that many rows get at once: an entry for each code, as for one that is saved by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps
from django.utils.translation import override

from codetags.models import CodeTag

_BATCH = 1000
_LONGEST = 200


def log_codes(user_id: Any, added: Sequence[CodeTag], changed: Mapping[CodeTag, Sequence[str]]) -> None:
    """Write the entries, in the transaction of the change. Nothing where the admin is not installed.

    user_id: who changed them; without one nothing is written, since an entry has a user.
    changed: the names of the fields that did.
    """
    if user_id is None or not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(CodeTag).pk

    def entry(tag: CodeTag, flag: int, message: Any) -> LogEntry:
        return LogEntry(
            user_id=user_id,
            content_type_id=kind,
            object_id=str(tag.pk),
            object_repr=str(tag)[:_LONGEST],
            action_flag=flag,
            change_message=json.dumps([message]),
        )

    entries = [entry(tag, ADDITION, {"added": {}}) for tag in added]
    entries += [entry(tag, CHANGE, {"changed": {"fields": _titles(names)}}) for tag, names in changed.items()]
    LogEntry.objects.bulk_create(entries, _BATCH)


def _titles(names: Sequence[str]) -> list[str]:
    """The names of fields in the source's language: the log translates them when it is read."""
    with override(None):
        return [str(CodeTag._meta.get_field(name).verbose_name) for name in names]  # type: ignore[union-attr] # noqa: SLF001 (Django documents it)
