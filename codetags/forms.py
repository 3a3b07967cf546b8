"""The forms of the admin's page: which codes are listed, and the options of QR images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from codetags.services.code_images import KINDS, LARGEST_SCALE, LEVELS


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
    """Which codes: by text in code, label or note, and by days."""

    q = forms.CharField(
        label=pgettext_lazy("button", "Search"),
        required=False,
        max_length=80,
        widget=forms.TextInput({"type": "search"}),
    )
    field_order = ("q", "since", "until")


class CodeImageForm(forms.Form):
    """The options of a link's QR image. An empty field takes its initial value.

    languages: code and name of those with a landing page of their own; no other can be chosen.
    """

    kind = forms.ChoiceField(
        label=_("File"), required=False, initial="svg", choices=[(kind, kind.upper()) for kind in KINDS]
    )
    scale = forms.IntegerField(
        label=_("Size (pixels a square)"), required=False, initial=10, min_value=1, max_value=LARGEST_SCALE
    )
    level = forms.ChoiceField(
        label=_("Error correction"),
        required=False,
        initial="m",
        choices=[(level, f"{level.upper()} ({share} %)") for level, share in LEVELS.items()],
    )
    language = forms.ChoiceField(label=_("Language"), required=False)

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
