"""The rule of `kv.web.texts` where texts come in: forms, models and commands. The API's: `kv.rest.fields`."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils.translation import gettext_lazy as _

from kv.web.texts import NothingVisible, UnreadableText, clean_text


class CleanField(forms.CharField):
    """One line of text without what nobody sees. The limits are those of what is kept."""

    def to_python(self, value: Any) -> str:
        """The text; "" when nothing of it can be seen. Raises ValidationError."""
        return clean_entry(super().to_python(value) or "")


def clean_entry(text: str, *, lines: bool = False, joiners: bool = True) -> str:
    """What somebody entered, as `clean_text` has it; "" when nothing of it can be seen. Raises ValidationError."""
    try:
        return clean_text(text, lines=lines, joiners=joiners).strip()
    except UnreadableText as error:
        if unicodedata.category(error.character) in {"Zl", "Zp"} or (not lines and error.character in "\n\r\t\v\f"):
            raise ValidationError(_("Enter this on one line, without tabs or line breaks."), code="one_line") from error
        raise ValidationError(
            _("This holds a character that can’t be read (%(code)s). Delete it or enter the text by hand."),
            code="unreadable",
            params={"code": str(error)},
        ) from error
    except NothingVisible:
        return ""


def read_option(option: str, text: str, *, longest: int) -> str:
    """The text of a command's option, cleaned by `clean_text`, 1 to `longest` characters. Raises CommandError."""
    try:
        text = clean_text(text).strip()
    except UnreadableText as error:
        raise CommandError(f"{option}: the character {error} is not allowed") from error
    except NothingVisible:
        text = ""
    if not 1 <= len(text) <= longest:
        raise CommandError(f"{option}: 1 to {longest} characters are required")
    return text
