"""Forms of the second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.second_factor import CodesPaused

_LONGEST_CODE = 64


class PasswordForm(forms.Form):
    """Asks for the password again."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """The password, if it is the user's. Raises ValidationError or HashingBusy."""
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("The password is wrong."), code="password")
        return password


class CodeInput(forms.PasswordInput):
    """Visible while it is typed, but never rendered with its value: a recovery code sent during a pause stays valid."""

    input_type = "text"


class CodeForm(forms.Form):
    """A code. `check` is called once, when all other fields are valid; `result` is what it returned."""

    code = forms.CharField(
        label=_("Code from the app, or a recovery code"),
        max_length=_LONGEST_CODE,
        widget=CodeInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, check: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.check = check
        self.result: Any = None

    def clean(self) -> dict[str, Any]:
        """Adds an error when the code is wrong, or when codes are paused."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            self.result = self.check(cleaned["code"])
        except CodesPaused as pause:
            paused = ngettext(
                "Too many wrong codes. Wait %(seconds)d second, then enter a new one.",
                "Too many wrong codes. Wait %(seconds)d seconds, then enter a new one.",
                pause.seconds,
            )
            self.add_error("code", forms.ValidationError(paused % {"seconds": pause.seconds}, code="paused"))
        else:
            if self.result is None:
                wrong = _("This code is wrong, or was used before. Enter the one that the app shows now.")
                self.add_error("code", forms.ValidationError(wrong, code="code"))
        return cleaned


class FirstCodeForm(CodeForm):
    """The app's first code; there are no recovery codes yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code from the app")


class PasswordAndCodeForm(CodeForm, PasswordForm):
    """Both. The code is checked only when the password is right."""

    field_order = ("password", "code")
