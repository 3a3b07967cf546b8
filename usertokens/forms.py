"""The forms of a user's own pages and of the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kv.web.text_fields import CleanField
from usertokens.types import LARGEST_AMOUNT, LONGEST_REASON


class MoodForm(forms.Form):
    """How the user feels, 0 to 10."""

    use_required_attribute = False  # a slider always has a value, and HTML knows no required one

    score = forms.DecimalField(
        label=_("Mood"),
        min_value=0,
        max_value=10,
        max_digits=3,
        decimal_places=1,
        widget=forms.NumberInput(attrs={"type": "range", "min": "0", "max": "10", "step": "0.1"}),
    )


class DeleteAccountForm(forms.Form):
    """Asks for the password; for the username when the user has no password."""

    proof = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))

    def __init__(self, user: AbstractBaseUser, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        field = self.fields["proof"]
        field.label = _("Password")
        if not user.has_usable_password():
            field.label = pgettext_lazy("account", "Username")
            field.widget = forms.TextInput(attrs={"autocomplete": "off"})

    def clean_proof(self) -> str:
        """The proof. Raises ValidationError when it is wrong."""
        proof: str = self.cleaned_data["proof"]
        if self.user.has_usable_password():
            right = self.user.check_password(proof)
        else:
            right = proof == self.user.get_username()
        if not right:
            is_password = self.user.has_usable_password()
            sentence = _("The password is wrong. Nothing was deleted.")
            raise ValidationError(
                sentence if is_password else _("The username is wrong. Nothing was deleted."), code="wrong"
            )
        return proof


class CorrectionForm(forms.Form):
    """Corrections of a user's tokens by staff, each with a reason."""

    GRANT, ADJUST, RESET = "grant", "adjust", "reset"
    action = forms.ChoiceField(
        label=_("What"),
        choices=[
            (GRANT, _("Grant tokens")),
            (ADJUST, _("Adjust the balance (a negative number takes tokens)")),
            (RESET, _("Reset to the first day")),
        ],
    )
    amount = forms.IntegerField(label=_("Tokens"), required=False, min_value=-LARGEST_AMOUNT, max_value=LARGEST_AMOUNT)
    reason = CleanField(label=_("Reason"), max_length=LONGEST_REASON)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action: Any = self.fields["action"]
        # A reset has a button of its own.
        action.widget.choices = [choice for choice in action.choices if choice[0] != self.RESET]

    def clean(self) -> dict[str, Any]:
        """Require an amount for the actions that need one."""
        values = super().clean() or self.cleaned_data
        action, amount = values.get("action"), values.get("amount")
        if action == self.GRANT and (amount is None or amount < 1):
            self.add_error("amount", _("Enter how many tokens, at least 1."))
        if action == self.ADJUST and not amount:
            self.add_error("amount", _("Enter by how many tokens, for example -5."))
        return values
