"""The admin's log of changes that many rows get at once: an entry for each code, as for one that is saved by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.utils import timezone
from django.utils.translation import override

from codetags.models import CodeTag, code_with_label
from kv.upserts import insert_rows

_LONGEST = 200
_COLUMNS = ("user", "content_type", "object_id", "object_repr", "action_flag", "change_message", "action_time")


class Change(NamedTuple):
    """A code that was written. fields: the names of those that changed; None for a code that is new."""

    pk: int
    code: str
    label: str
    fields: Sequence[str] | None


def log_codes(user_id: Any, changes: Iterable[Change]) -> None:
    """Write the entries, in the transaction of the change. Nothing where the admin is not installed.

    user_id: who changed them; without one nothing is written, since an entry has a user.
    """
    if user_id is None or not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    kind, now = ContentType.objects.get_for_model(CodeTag).pk, timezone.now()
    message = cache(_message)
    entries = (
        (
            user_id,
            kind,
            str(change.pk),
            code_with_label(change.code, change.label)[:_LONGEST],
            ADDITION if change.fields is None else CHANGE,
            message(change.fields),
            now,
        )
        for change in changes
    )
    insert_rows(LogEntry, _COLUMNS, entries)


def _message(fields: Sequence[str] | None) -> str:
    """In the source's language: the log translates the names of fields when it is read."""
    if fields is None:
        return json.dumps([{"added": {}}])
    with override(None):
        names = [str(CodeTag._meta.get_field(name).verbose_name) for name in fields]  # type: ignore[union-attr] # noqa: SLF001 (Django documents it)
    return json.dumps([{"changed": {"fields": names}}])
