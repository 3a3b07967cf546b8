"""Model fields for any project's settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from kv.times import aware


class MomentField(models.DateTimeField):  # type: ignore[type-arg] # generic for the type checker alone
    """A moment: aware in Python, whatever USE_TZ says. Migrations see Django's own DateTimeField.

    Where USE_TZ is off, databases take and return datetimes without a zone, in the site's own TIME_ZONE.
    """

    def get_prep_value(self, value: Any) -> Any:
        """As the database takes it."""
        if not settings.USE_TZ and isinstance(value, datetime) and timezone.is_aware(value):
            value = timezone.make_naive(value, timezone.get_default_timezone())
        return super().get_prep_value(value)

    def from_db_value(self, value: datetime | None, expression: Any, connection: Any) -> datetime | None:
        """Aware."""
        return None if value is None else aware(value)

    def deconstruct(self) -> Any:
        """Django's own field: the column is the same."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs
