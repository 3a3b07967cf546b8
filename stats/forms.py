"""The form of a payment code. Every refusal says what to write instead."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from stdnum import bic, iban, iso11649
from stdnum.exceptions import ValidationError as NumberError

from stats.errors import AmountUnclear, PaymentTooLong
from stats.services import payment_codes
from stats.services.payment_codes import MAX_CENTS, PaymentCode, PaymentOrder

# Control characters and the two line separators would begin a new line inside the code, and so a new field.
_BREAKS_A_LINE = {"Cc", "Zl", "Zp"}


def one_line(value: str) -> None:
    """Refuse what would break the lines of a code. Raises Django's ValidationError."""
    if any(unicodedata.category(character) in _BREAKS_A_LINE for character in value):
        raise ValidationError(_("Write this on one line, without tabs or line breaks."), code="one_line")


class PaymentForm(forms.Form):
    """Who is paid, how much, and what for. When it is valid, `code` is the payment code."""

    code: PaymentCode

    beneficiary = forms.CharField(
        label=_("Who is paid"),
        max_length=70,
        validators=[one_line],
        help_text=_("The name on the account, at most 70 characters."),
        error_messages={"required": _("Write the name of the person or business that is paid.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    iban = forms.CharField(
        label=_("IBAN"),
        max_length=60,
        help_text=_("The account that is paid. Spaces and small letters are fine."),
        error_messages={"required": _("Write the IBAN of the account that is paid.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )
    amount = forms.CharField(
        label=_("Amount in euro"),
        max_length=32,
        help_text=_("For example 12.50 or 12,50."),
        error_messages={"required": _("Write the amount, for example 12.50.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
    )
    remittance_text = forms.CharField(
        label=_("Message"),
        required=False,
        max_length=140,
        validators=[one_line],
        help_text=_("What the payment is for, at most 140 characters."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reference = forms.CharField(
        label=_("Creditor reference"),
        required=False,
        max_length=60,
        help_text=_("A number that begins with RF, as printed on some invoices. It takes the place of the message."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )
    bic = forms.CharField(
        label=_("BIC"),
        required=False,
        max_length=20,
        help_text=_("Only for accounts outside the European Economic Area, such as Switzerland or the United Kingdom."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
    )

    def clean_iban(self) -> str:
        """The IBAN without spaces, in capitals."""
        try:
            return str(iban.validate(self.cleaned_data["iban"]))
        except NumberError as error:
            raise ValidationError(
                _("This is not a valid IBAN. Compare it with the invoice or the bank card, digit by digit."),
                code="iban",
            ) from error

    def clean_amount(self) -> int:
        """The amount in cents."""
        try:
            cents = payment_codes.parse_amount(self.cleaned_data["amount"])
        except AmountUnclear as error:
            raise ValidationError(
                _("This amount can't be read. Write it in digits with two decimals, for example 1234.50 or 1234,50."),
                code="amount",
            ) from error
        if not 1 <= cents <= MAX_CENTS:
            raise ValidationError(_("Write an amount from 0.01 to 999,999,999.99 euro."), code="amount_range")
        return cents

    def clean_bic(self) -> str:
        """The BIC in capitals, or ""."""
        written = self.cleaned_data["bic"]
        try:
            return str(bic.validate(written)) if written else ""
        except NumberError as error:
            raise ValidationError(
                _("This is not a valid BIC. It has 8 or 11 letters and digits. Most payments need none."),
                code="bic",
            ) from error

    def clean_reference(self) -> str:
        """The creditor reference without spaces, in capitals, or ""."""
        written = self.cleaned_data["reference"]
        try:
            return str(iso11649.validate(written)) if written else ""
        except NumberError as error:
            raise ValidationError(
                _("This is not a valid reference. It begins with RF and two digits. Other numbers go in the message."),
                code="reference",
            ) from error

    def clean(self) -> dict[str, Any]:
        """Draw the code, as only then is it known whether all of it fits."""
        values = super().clean() or self.cleaned_data
        if values.get("remittance_text") and values.get("reference"):
            self.add_error("reference", _("Give either a message or a reference, not both: empty one of the two."))
        if self.errors:
            return values
        order = PaymentOrder(
            beneficiary=values["beneficiary"],
            iban=values["iban"],
            amount_cents=values["amount"],
            bic=values["bic"],
            remittance_text=values["remittance_text"],
            reference=values["reference"],
        )
        try:
            self.code = payment_codes.make_payment_code(order)
        except PaymentTooLong:
            self.add_error("remittance_text", _("This is too long for one code. Shorten the message or the name."))
        return values
