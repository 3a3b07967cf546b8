"""The base of every input: what a write does not know is refused, since a misspelt name would change what it means."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from rest_framework import serializers

_UNKNOWN = "There is no such field here."
# Of what is not ours not everything is said back.
_MOST_NAMES = 10
_LONGEST_NAME = 64


class Input(serializers.Serializer[Any]):
    """Refuses fields it does not know, each by its name: a `user_id` beside `userId` would act for the caller."""

    def to_internal_value(self, data: Any) -> Any:
        """DRF's own, with the unknown fields among its errors. Raises ValidationError."""
        unknown = unknown_fields(data, self.fields) if isinstance(data, Mapping) else {}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                raise serializers.ValidationError({**unknown, **error.detail}) from error
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return values


class NoInput(Input):
    """Of a write that takes nothing."""


def unknown_fields(names: Iterable[Any], known: Collection[str]) -> dict[str, list[str]]:
    """An error for each name that is not known, as ValidationError takes them; the first ten."""
    unknown = sorted({str(name)[:_LONGEST_NAME] for name in names if name not in known})
    return {name: [_UNKNOWN] for name in unknown[:_MOST_NAMES]}
