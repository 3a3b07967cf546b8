"""The form of QR images for print."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language_info, override, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from codetags.errors import BadLogo, LogoProblem, UnprintableImage, UnprintableText
from codetags.forms import CodeImageForm
from codetags.services.patterns import is_placement
from codetags.services.printing.label_sheets import Grid
from codetags.services.printing.letters import bold
from codetags.services.printing.logos import LARGEST_FILE, read_logo
from codetags.services.printing.looks import LOGO_LEVEL, Look, check_colours
from codetags.services.printing.problems import explain
from kv.web.text_fields import CleanField

#: The words that a frame may have, in each of our languages; or one's own.
_CALLS = {
    "scan": pgettext_lazy("on a poster", "Scan me"),
    "more": pgettext_lazy("on a poster", "Find out more"),
    "join": pgettext_lazy("on a poster", "Join in"),
}
_CALL_LANGUAGES = ("en", "fr", "de", "es")
_OWN = "own"
#: No placement has this name.
_ALL = "*"


def _call(language: str, key: str) -> str:
    with override(language):
        return str(_CALLS[key])


def _calls() -> list[tuple[str, Any]]:
    """The choices of a frame: none, in each language the same few, one's own."""
    groups = [
        (
            get_language_info(language)["name_local"].capitalize(),
            [(f"{language}-{key}", _call(language, key)) for key in _CALLS],
        )
        for language in _CALL_LANGUAGES
    ]
    return [("", _("No frame")), *groups, (_OWN, _("My own words"))]


def _colour(label: Any, initial: str) -> forms.RegexField:
    return forms.RegexField(
        r"\A#[0-9A-Fa-f]{6}\Z",
        label=label,
        required=False,
        initial=initial,
        widget=forms.TextInput({"type": "color"}),
        error_messages={"invalid": _("Enter a colour as #rrggbb, such as #1a3c6e.")},
    )


def _length(label: Any, initial: int, least: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, initial=initial, min_value=least, max_value=most)


class PrintForm(CodeImageForm):
    """All options of QR images for print, and of sheets of labels.

    kept_logo: the logo of the page before, since a browser sends no file twice: base64 of what `read_logo` made.
    placements: of each code those that are registered, by name, with their labels.
    """

    dark = _colour(_("Dark colour"), "#000000")
    light = _colour(_("Light colour"), "#ffffff")
    logo = forms.FileField(
        label=_("Logo in the middle"),
        required=False,
        widget=forms.FileInput({"accept": ".png,.jpg,.jpeg,image/png,image/jpeg"}),
    )
    kept_logo = forms.CharField(required=False, widget=forms.HiddenInput)
    without_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    registered = forms.ChoiceField(label=_("Registered placements"), required=False)
    places = CleanField(label=_("Placements"), required=False, max_length=2000)
    call = forms.ChoiceField(label=_("Frame with words"), required=False, choices=_calls)
    own_call = CleanField(label=_("My own words"), required=False, max_length=40)
    columns = _length(_("Labels side by side"), 3, 1, 10)
    rows = _length(_("Labels one below another"), 7, 1, 20)
    side = _length(_("Margin at the sides (mm)"), 10, 0, 50)
    top = _length(_("Margin at top and bottom (mm)"), 10, 0, 50)
    below = forms.ChoiceField(
        label=_("Below each code"),
        required=False,
        initial="label",
        choices=[("label", _("The code and its label")), ("code", _("The code alone"))],
    )

    def __init__(self, *args: Any, placements: Mapping[str, Mapping[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.placements = placements or {}
        named = {name: label for own in self.placements.values() for name, label in own.items()}
        registered: Any = self.fields["registered"]
        registered.choices = [
            ("", _("None of them")),
            (_ALL, _("All registered placements")),
            *((name, " · ".join(filter(None, (name, label)))) for name, label in sorted(named.items())),
        ]

    def clean_logo(self) -> bytes:
        """The uploaded logo as `read_logo` makes it; empty without one. Raises ValidationError."""
        upload = self.cleaned_data.get("logo")
        return self._read_logo(upload.read(LARGEST_FILE + 1)) if upload else b""

    def clean_kept_logo(self) -> bytes:
        """The logo of the page before. Raises ValidationError."""
        try:
            kept = base64.b64decode(self.cleaned_data["kept_logo"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError(explain(BadLogo(LogoProblem.UNREADABLE))) from error
        return self._read_logo(kept) if kept else b""

    def clean_places(self) -> list[str]:
        """The placements, each once. Raises ValidationError."""
        places = dict.fromkeys(self.cleaned_data["places"].lower().replace(",", " ").split())
        if wrong := [place for place in places if not is_placement(place)]:
            raise ValidationError(
                _("This is not a placement: {name}. Use up to 32 letters a to z, digits and hyphens.").format(
                    name=wrong[0]
                )
            )
        return list(places)

    def clean_own_call(self) -> str:
        """The words, with letters that can be printed. Raises ValidationError."""
        try:
            return bold().check(self.cleaned_data["own_call"])
        except UnprintableText as error:
            raise ValidationError(explain(error)) from error

    def clean(self) -> dict[str, Any]:
        """Check colours and words; fill in the initial value of each empty field."""
        values = super().clean()
        # Margins of 0 are meant.
        values |= {name: self.cleaned_data[name] for name in ("side", "top") if self.cleaned_data.get(name) is not None}
        values["logo"] = b"" if values["without_logo"] else values["logo"] or values["kept_logo"] or b""
        if values["call"] == _OWN and not values["own_call"] and "own_call" not in self.errors:
            self.add_error("own_call", _("Enter the words of the frame, or choose others."))
        if not {"dark", "light"} & set(self.errors):
            try:
                check_colours(values["dark"], values["light"])
            except UnprintableImage as error:
                self.add_error("dark", explain(error))
        return values

    def image_groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The options of an image as the page shows them: a legend and fields."""
        registered = ("registered",) if any(self.placements.values()) else ()
        groups = (
            (_("Size and link"), ("size", "dpi", "level", "language", *registered, "places")),
            (_("Colours and logo"), ("dark", "light", "logo", "without_logo")),
            (_("Frame"), ("call", "own_call")),
        )
        return [(legend, [self[name] for name in names]) for legend, names in groups]

    def sheet_fields(self) -> list[forms.BoundField]:
        """The options of a sheet of labels alone."""
        return [self[name] for name in ("columns", "rows", "side", "top", "below")]

    def look(self) -> Look:
        """How the image is to look. Only of a valid form."""
        values = self.cleaned_data
        call = values["call"] or ""
        return Look(
            size=values["size"],
            dpi=values["dpi"],
            dark=values["dark"],
            light=values["light"],
            level=LOGO_LEVEL if values["logo"] else values["level"],
            logo=values["logo"],
            call=(values["own_call"] or "") if call == _OWN else _call(*call.split("-")) if call else "",
        )

    def places_of(self, code: str) -> dict[str, str]:
        """The placements at which a code is printed, with the labels of registered ones. Only of a valid form.

        A code that lacks the chosen one is printed without a placement, which is the name "".
        """
        own, chosen = self.placements.get(code, {}), self.cleaned_data["registered"] or ""
        names = [name for name in own if chosen in (_ALL, name)]
        return {name: own.get(name, "") for name in (*names, *(self.cleaned_data["places"] or ()))} or {"": ""}

    def grid(self) -> Grid:
        """How labels lie on a page. Only of a valid form."""
        return Grid(**{name: self.cleaned_data[name] for name in ("columns", "rows", "side", "top")})

    @staticmethod
    def _read_logo(data: bytes) -> bytes:
        try:
            return read_logo(data)
        except BadLogo as error:
            raise ValidationError(explain(error)) from error
