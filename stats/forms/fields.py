"""Fields of the payment form: a line of text, and a number as it was pasted."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kv.web.text_fields import clean_entry

# Longer than any paste that a user could still correct by hand.
_LONGEST_PASTE = 2000


class PaymentText(forms.CharField):
    """One line that goes into the code as it is read: see `kv.web.texts`. Blanks of every kind become spaces."""

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        # No max_length: browsers cut pasted text to it without a message.
        super().__init__(**kwargs)
        self.longest = longest

    def to_python(self, value: Any) -> str:
        """The text. Raises ValidationError."""
        text = super().to_python(value) or ""
        if not text:
            return ""
        text = clean_entry("".join(" " if _is_blank(character) else character for character in text), joiners=False)
        over = len(text) - self.longest
        if over > 0:
            raise ValidationError(
                ngettext(
                    "This is too long by %(over)d character: at most %(most)d fit.",
                    "This is too long by %(over)d characters: at most %(most)d fit.",
                    over,
                ),
                code="max_length",
                params={"over": over, "most": self.longest},
            )
        return text


class Paste(forms.CharField):
    """A number as it was typed or pasted. The form parses it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, **kwargs)

    def validate(self, value: Any) -> None:
        """Without a visible character the value counts as empty. Raises ValidationError."""
        super().validate(value if has_something(value) else "")
        if len(value) > _LONGEST_PASTE:
            raise ValidationError(_("This is far too long. Enter only what is asked for."), code="max_length")


def has_something(written: str) -> bool:
    """Whether it has a character that can be seen."""
    return any(character.isprintable() and not character.isspace() for character in written)


def _is_blank(character: str) -> bool:
    return unicodedata.category(character) == "Zs"
