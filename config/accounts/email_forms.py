"""Forms of the e-mail address and of the ways back in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.utils.translation import gettext_lazy as _

from config.account_codes import find_by_code
from config.accounts.factor_forms import CodeInput, PasswordForm
from config.addresses import LONGEST, normalize_address
from config.lockout import count_mail
from config.password_reset import request_reset

_LONGEST_CODE = 64


class AddressField(forms.CharField):
    """An e-mail address, as it is kept. Its input accepts what browsers take for an address, other scripts too."""

    def __init__(self, **options: Any) -> None:
        attributes = {"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}
        super().__init__(max_length=LONGEST, widget=forms.EmailInput(attrs=attributes), **options)

    def clean(self, value: Any) -> str:
        """The address, or "" for none where none is required. Raises ValidationError."""
        text: str = super().clean(value)
        return normalize_address(text) if text else ""


class AddressForm(PasswordForm):
    """A new address, with the password: an address opens the account, so an open session is not enough."""

    email = AddressField(label=_("E-mail address"))
    field_order = ("email", "password")


class ResetForm(PasswordResetForm):
    """Asks for a link. What it does takes the same time and says the same, whether or not the address is known."""

    email = AddressField(label=_("E-mail address"))

    def save(self, *, language: str) -> None:  # type: ignore[override] # our view calls it
        """Queue the mail. Raises RateLimited."""
        address = self.cleaned_data["email"]
        count_mail(address)
        request_reset(address, language=language)


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg] # generic for the type checker alone
    """The new password, twice. It is set by `config.password_reset`, not by `save`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget.attrs.pop("autofocus", None)


class RecoverForm(NewPasswordForm):
    """A recovery code and the new password. `user` is known when the code is right."""

    code = forms.CharField(
        label=_("Recovery code"),
        max_length=_LONGEST_CODE,
        widget=CodeInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("code", "new_password1", "new_password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(None, *args, **kwargs)

    def clean_code(self) -> str:
        """The code. It comes first, so the password is compared with the name of the right user."""
        code: str = self.cleaned_data["code"]
        self.user = find_by_code(code)
        if self.user is None:
            raise forms.ValidationError(_("This code is wrong, or was used before. Enter another one."), code="code")
        return code

    def clean(self) -> dict[str, Any]:
        """What Django's form checks, for a right code only: of a stranger's password nothing is said."""
        return super().clean() or self.cleaned_data if self.user is not None else self.cleaned_data
