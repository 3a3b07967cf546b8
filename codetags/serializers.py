"""Shapes of the API's input and output."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kv.rest.fields import CallerIdField, MomentField


class HitInput(serializers.Serializer[Any]):
    """The fields of a hit in the body; each may be in the query instead."""

    #: For the description: the view refuses what it does not know, in any case of its letters.
    refuses_unknown = True
    code = serializers.CharField(
        required=False, allow_blank=True, help_text="Upper-cased first; by default four letters or digits."
    )
    id = CallerIdField(required=False, help_text="Of one landing; the same id counts once within a day.")


class HitOutput(serializers.Serializer[Any]):
    """Whether a hit was counted."""

    code = serializers.CharField()
    counted = serializers.BooleanField()


class CountsInput(serializers.Serializer[Any]):
    """The page of codes, and the days whose hits are counted."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=20, help_text="Codes on a page.")
    before = serializers.CharField(max_length=128, required=False, help_text="`next` of the page before.")
    to = serializers.DateField(required=False, help_text="The last day.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a keyword of Python, so it can't be declared above."""
        since = serializers.DateField(required=False, help_text="The first day. Both days are counted.")
        return {**super().get_fields(), "from": since}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check that the days are in order. Raises ValidationError."""
        if "from" in attrs and "to" in attrs and attrs["to"] < attrs["from"]:
            raise serializers.ValidationError({"to": ["The last day is before the first."]})
        return attrs


class CodeOutput(serializers.Serializer[Any]):
    """One code's figures."""

    code = serializers.CharField(help_text="~OTHER: unknown codes beyond CODETAGS_MAX_UNKNOWN.")
    label = serializers.CharField(  # type: ignore[assignment] # a field of this name, as the contract has it
        help_text="As in the registry; empty for a code that it lacks."
    )
    count = serializers.IntegerField(help_text="Hits, on the chosen days if any are.")
    last_seen = MomentField(allow_null=True)
    last_30_days = serializers.ListField(child=serializers.IntegerField(), help_text="Oldest first, today last.")
    not_counted = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Calls that were not counted, by reason; on the chosen days if any are.",
    )


class CountsOutput(serializers.Serializer[Any]):
    """A page of codes, most hits first."""

    codes = CodeOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="Pass back as `before`; null at the end.")
