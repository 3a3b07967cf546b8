"""The forms of the admin's page: which codes are listed, and the options of QR images."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from codetags.models import Campaign, Placement
from codetags.models.campaigns import LONGEST_NAME
from codetags.services.code_images import KINDS, LARGEST_SCALE, LEVELS

if TYPE_CHECKING:
    _CampaignForm = forms.ModelForm[Campaign]
    _PlacementForm = forms.ModelForm[Placement]
else:  # generic for the type checker alone
    _CampaignForm = _PlacementForm = forms.ModelForm


def _day_input() -> forms.DateInput:
    return forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class RangeForm(forms.Form):
    """A range of days."""

    since = forms.DateField(label=pgettext_lazy("range of days", "From"), required=False, widget=_day_input())
    until = forms.DateField(label=pgettext_lazy("range of days", "To"), required=False, widget=_day_input())

    def clean(self) -> dict[str, Any]:
        """Check that the days are in order. Raises ValidationError."""
        values = super().clean() or self.cleaned_data
        since, until = values.get("since"), values.get("until")
        if since and until and until < since:
            raise ValidationError(_("The last day is before the first."))
        return values


class ListForm(RangeForm):
    """Which codes: by text in code, label or note, by campaign, and by days. group: campaigns in their place."""

    q = forms.CharField(
        label=pgettext_lazy("button", "Search"),
        required=False,
        max_length=80,
        widget=forms.TextInput({"type": "search"}),
    )
    campaign = forms.CharField(
        label=_("Campaign"),
        required=False,
        max_length=LONGEST_NAME,
        widget=forms.TextInput({"list": "codes-campaigns", "autocomplete": "off"}),
    )
    group = forms.ChoiceField(required=False, choices=[("", ""), ("campaign", "")], widget=forms.HiddenInput())
    field_order = ("q", "campaign", "since", "until")


class CodeImageForm(forms.Form):
    """The size of QR images, and the language of their links. An empty field takes its initial value.

    languages: code and name of those with a landing page of their own; no other can be chosen.
    """

    kind = forms.ChoiceField(
        label=_("File"), required=False, initial="svg", choices=[(kind, kind.upper()) for kind in KINDS]
    )
    size = forms.IntegerField(label=_("Width (mm)"), required=False, initial=50, min_value=10, max_value=1000)
    dpi = forms.IntegerField(
        label=_("Resolution of PNG (dpi)"), required=False, initial=300, min_value=72, max_value=1200
    )
    level = forms.ChoiceField(
        label=_("Error correction"),
        required=False,
        initial="m",
        choices=[(level, f"{level.upper()} ({share} %)") for level, share in LEVELS.items()],
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    # For addresses that are known already: pixels a square, instead of all that is chosen here.
    scale = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1, max_value=LARGEST_SCALE)

    def __init__(self, *args: Any, languages: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language: Any = self.fields["language"]
        language.choices = languages
        codes = [code for code, _name in languages]
        language.initial = settings.LANGUAGE_CODE if settings.LANGUAGE_CODE in codes else codes[0]

    def clean(self) -> dict[str, Any]:
        """Fill in the initial value of each empty field."""
        values = super().clean() or self.cleaned_data
        return {name: values.get(name) or field.initial for name, field in self.fields.items()}


class EurosField(forms.DecimalField):
    """An amount that is entered in euros, and kept in whole cents."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_digits=13, decimal_places=2, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Cents as euros; what somebody entered stays."""
        return Decimal(value).scaleb(-2) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """The cents, None for an empty field. Raises ValidationError."""
        euros = super().clean(value)
        return None if euros is None else int(euros * 100)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another amount was entered."""
        return super().has_changed(self.prepare_value(initial), data)


class CampaignForm(_CampaignForm):
    """A campaign in the admin."""

    cost_cents = EurosField(label=_("Cost (EUR)"), required=False)

    class Meta:
        """What can be entered."""

        model = Campaign
        fields = ("name", "start", "end", "cost_cents", "note")


class PlacementForm(_PlacementForm):
    """A placement of a code in the admin."""

    def clean_name(self) -> str:
        """The name in lower case, as it is stored: two rows of the form are compared by what is entered."""
        return str(self.cleaned_data["name"]).lower()
