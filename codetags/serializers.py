"""Shapes of the API's input and output."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from codetags.services.code_cells import LONGEST_LABEL, LONGEST_NOTE
from codetags.services.patterns import LONGEST
from kv.rest.fields import CallerIdField, FlagField, MomentField, TextField
from kv.rest.inputs import Input


class HitInput(serializers.Serializer[Any]):
    """The fields of a hit in the body; each may be in the query instead."""

    #: For the description: the view refuses what it does not know, in any case of its letters.
    refuses_unknown = True
    code = serializers.CharField(
        required=False, allow_blank=True, help_text="Upper-cased first; by default four letters or digits."
    )
    id = CallerIdField(required=False, help_text="Of one landing; the same id counts once within a day.")
    at = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="The placement: 1 to 32 letters, digits and hyphens. With anything else the hit counts without one.",
    )
    referrer = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="The host of the page before the landing page; of a URL only its host is kept.",
    )


class HitOutput(serializers.Serializer[Any]):
    """Whether a hit was counted."""

    code = serializers.CharField()
    counted = serializers.BooleanField()


class DaysInput(serializers.Serializer[Any]):
    """The days whose hits are counted."""

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


class CountsInput(DaysInput):
    """The page of codes, and the days whose hits are counted."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=20, help_text="Codes on a page.")
    before = serializers.CharField(max_length=128, required=False, help_text="`next` of the page before.")
    campaign = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text="Only the codes of the campaign of this name."
    )
    group = serializers.ChoiceField(
        choices=["campaign"], required=False, help_text="Sums by campaign, in `campaigns`, in the place of `codes`."
    )


class CodeOutput(serializers.Serializer[Any]):
    """One code's figures."""

    code = serializers.CharField(help_text="~OTHER: unknown codes beyond CODETAGS_MAX_UNKNOWN.")
    label = serializers.CharField(  # type: ignore[assignment] # a field of this name, as the contract has it
        help_text="As in the registry; empty for a code that it lacks."
    )
    campaign = serializers.CharField(allow_null=True, help_text="The name of its campaign; null for none.")
    count = serializers.IntegerField(help_text="Hits, on the chosen days if any are.")
    last_seen = MomentField(allow_null=True)
    last_30_days = serializers.ListField(child=serializers.IntegerField(), help_text="Oldest first, today last.")
    not_counted = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Calls that were not counted, by reason; on the chosen days if any are.",
    )


class CampaignOutput(serializers.Serializer[Any]):
    """One campaign's figures: sums over the codes that belong to it now."""

    campaign = serializers.CharField(allow_null=True, help_text="Its name; null: the codes without a campaign.")
    codes = serializers.IntegerField(help_text="How many codes belong to it.")
    count = serializers.IntegerField(help_text="Hits, on the chosen days if any are.")
    last_seen = MomentField(allow_null=True)
    last_30_days = serializers.ListField(child=serializers.IntegerField(), help_text="Oldest first, today last.")
    cost_cents = serializers.IntegerField(allow_null=True, help_text="EUR cents; null: nobody has entered it.")
    hits_per_euro = serializers.FloatField(allow_null=True, help_text="`count` by euro; null without a cost, or of 0.")


class CountsOutput(serializers.Serializer[Any]):
    """A page of codes or of campaigns, most hits first."""

    codes = CodeOutput(many=True, help_text="Empty with `group`.")
    campaigns = CampaignOutput(many=True, required=False, help_text="With `group=campaign`.")
    next = serializers.CharField(allow_null=True, help_text="Pass back as `before`; null at the end.")


class RegistryInput(Input):
    """A code of the registry, as a caller writes it. What is left out stays as it is, or is empty in a new one."""

    code = TextField(
        required=False, max_length=LONGEST, help_text="Upper-cased first. Without one a code is made. It never changes."
    )
    label = TextField(required=False, max_length=LONGEST_LABEL, help_text="Needed in a new one.")  # type: ignore[assignment] # a field of this name, as the contract has it
    note = TextField(required=False, lines=True, allow_blank=True, max_length=LONGEST_NOTE)
    campaign = TextField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_LABEL,
        help_text="By its name, in any case of its letters; a new name makes the campaign, null takes it away.",
    )  # fmt: skip
    start = serializers.DateField(required=False, allow_null=True, help_text="Hits before this day count apart.")
    end = serializers.DateField(required=False, allow_null=True, help_text="Hits after this day count apart.")
    archived = FlagField(required=False)
    counts_for = TextField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST,
        help_text="Another code of the registry that the hits of this one count for.",
    )  # fmt: skip


class RegisteredOutput(serializers.Serializer[Any]):
    """A code of the registry."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of this name, as the contract has it
    note = serializers.CharField(allow_blank=True)
    campaign = serializers.CharField(allow_null=True)
    start = serializers.DateField(allow_null=True)
    end = serializers.DateField(allow_null=True)
    archived = serializers.BooleanField(source="is_archived")
    counts_for = serializers.CharField(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Null for what it has not."""
        shown: dict[str, Any] = super().to_representation(instance)
        return {name: value or None if name in {"campaign", "counts_for"} else value for name, value in shown.items()}


class RegistryPageInput(serializers.Serializer[Any]):
    """A page of the registry."""

    limit = serializers.IntegerField(min_value=1, max_value=100, default=20, help_text="Codes on a page.")
    before = serializers.CharField(max_length=128, required=False, help_text="`next` of the page before.")
    campaign = serializers.CharField(
        max_length=LONGEST_LABEL, required=False, help_text="Only the codes of this campaign."
    )


class RegistryPageOutput(serializers.Serializer[Any]):
    """A page of the registry, A to Z."""

    codes = RegisteredOutput(many=True)
    next = serializers.CharField(allow_null=True, help_text="Pass back as `before`; null at the end.")


class WrongRowOutput(serializers.Serializer[Any]):
    """A row of a file that was not written."""

    row = serializers.IntegerField(help_text="As a spreadsheet numbers it: the names of the columns are in row 1.")
    errors = serializers.DictField(  # type: ignore[assignment] # a field of this name
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Sentences by column; `row` for what belongs to none.",
    )


class ImportOutput(serializers.Serializer[Any]):
    """What an import has done."""

    created = serializers.IntegerField(help_text="Codes that were added.")
    updated = serializers.IntegerField(help_text="Codes that were changed; the same values again change none.")
    errors = WrongRowOutput(many=True)  # type: ignore[assignment] # a field of this name, as the contract has it


class CodeDayOutput(serializers.Serializer[Any]):
    """The hits of one day."""

    date = serializers.DateField()
    count = serializers.IntegerField()


class PlacementOutput(serializers.Serializer[Any]):
    """The hits of one placement."""

    at = serializers.CharField(help_text="~OTHER: placements outside the registry beyond the first 50.")
    label = serializers.CharField(  # type: ignore[assignment] # a field of this name, as the contract has it
        help_text="As in the registry; empty for a placement that it lacks."
    )
    count = serializers.IntegerField()


class DevicesOutput(serializers.Serializer[Any]):
    """Hits by device class."""

    phone = serializers.IntegerField()
    tablet = serializers.IntegerField()
    desktop = serializers.IntegerField()
    other = serializers.IntegerField()


_OF_ALL = "What is missing to the sum of `hours` was not stated. ~OTHER: beyond 20 of a day."


class CodeDetailsOutput(CodeOutput):
    """One code's figures, its days and what its hits are made up of: exact numbers, for the staff."""

    days = CodeDayOutput(many=True, help_text="Oldest first; from the first hit on where no day is chosen.")
    placements = PlacementOutput(many=True, help_text="Most hits first.")
    hours = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=168,
        max_length=168,
        help_text="By hour of the week, Monday 00:00 first, by the site's clock.",
    )
    devices = DevicesOutput()
    languages = serializers.DictField(child=serializers.IntegerField(), help_text=f"By ISO 639 code. {_OF_ALL}")
    referrers = serializers.DictField(child=serializers.IntegerField(), help_text=f"By host. {_OF_ALL}")
    countries = serializers.DictField(child=serializers.IntegerField(), help_text=f"By ISO 3166 code. {_OF_ALL}")
