"""The admin's log of changes that many rows get at once: an entry for each code, as for one that is saved by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import override

from codetags.models import Campaign, CodeTag, code_with_label
from kv.sql.upserts import insert_rows

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
    message = cache(_message)
    _log(
        user_id,
        CodeTag,
        (
            (change.pk, code_with_label(change.code, change.label), change.fields is None, message(change.fields))
            for change in changes
        ),
    )


def log_new_campaigns(user_id: Any, campaigns: Iterable[tuple[Any, str]]) -> None:
    """Write the entries of campaigns that were made by naming them, as `log_codes`: primary key and name of each."""
    message = _message(None)
    _log(user_id, Campaign, ((pk, name, True, message) for pk, name in campaigns))


def _log(user_id: Any, model: type[Model], entries: Iterable[tuple[Any, str, bool, str]]) -> None:
    """entries: key of the row, its text, whether it is new, and the message."""
    if user_id is None or not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
    from django.contrib.contenttypes.models import ContentType

    kind, now = ContentType.objects.get_for_model(model).pk, timezone.now()
    rows = (
        (user_id, kind, str(pk), text[:_LONGEST], ADDITION if is_new else CHANGE, message, now)
        for pk, text, is_new, message in entries
    )
    insert_rows(LogEntry, _COLUMNS, rows)


def _message(fields: Sequence[str] | None) -> str:
    """In the source's language: the log translates the names of fields when it is read."""
    if fields is None:
        return json.dumps([{"added": {}}])
    with override(None):
        names = [str(CodeTag._meta.get_field(name).verbose_name) for name in fields]  # type: ignore[union-attr] # noqa: SLF001 (Django documents it)
    return json.dumps([{"changed": {"fields": names}}])
