"""The form of a payment code. Every error message says what to enter instead."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kv.web.text_fields import clean_entry
from stats.errors import (
    AmountUnclear,
    BadBic,
    BadIban,
    BadReference,
    NoSepaAccount,
    PaymentTooLong,
    QrIban,
    ReferenceTooLong,
)
from stats.services import amounts, bank_accounts, creditor_references, payment_codes
from stats.services.payment_codes import MAX_CENTS, PaymentCode, PaymentOrder

LONGEST_NAME = 70
LONGEST_MESSAGE = 140
# Longer than any paste that a user could still correct by hand.
_LONGEST_PASTE = 2000
# Banks accept no symbols of these categories. Letters with accents they replace where necessary.
_SYMBOLS = {"So", "Sc", "Sk", "Sm", "Cn"}

_WRONG_REFERENCE = {
    "RF": _("This is not a valid reference. It begins with RF and two digits, and its check digits are wrong."),
    "BE": _("This Belgian reference is not valid: its last two digits don’t match the others."),
    "FI": _("This Finnish reference is not valid: its last digit doesn’t match the others."),
    "SI": _("This Slovenian reference is not valid: compare it with the invoice, digit by digit."),
    "characters": _("A reference has only letters without accents, digits, spaces and signs such as / and -."),
    "slashes": _("Banks refuse a reference that begins or ends with a slash, or has two in a row: compare it."),
}


class PaymentText(forms.CharField):
    """One line that goes into the code as it is read: see `kv.texts`. Blanks of every kind become spaces."""

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
        super().validate(value if _has_something(value) else "")
        if len(value) > _LONGEST_PASTE:
            raise ValidationError(_("This is far too long. Enter only what is asked for."), code="max_length")


def _plain(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"spellcheck": "false", **attrs})


class PaymentForm(forms.Form):
    """Who is paid, how much, and what for. When it is valid, `code` is the payment code.

    form_id: made once by the page's script, so that the same order sent again counts once.
    symbols: those that the user was already warned about (some banks refuse them), as hexadecimal code points.
    warned:  the symbols to warn the user about now; no code is made while there are any.
    """

    code: PaymentCode

    beneficiary = PaymentText(
        label=_("Recipient"),
        longest=LONGEST_NAME,
        help_text=_("The name on the account, at most 70 characters."),
        error_messages={"required": _("Enter the name of the person or business that is paid.")},
        widget=_plain(),
    )
    iban = Paste(
        label=_("IBAN"),
        help_text=_("The recipient’s account. Spaces and lower-case letters are fine."),
        error_messages={"required": _("Enter the IBAN of the recipient’s account.")},
        widget=_plain(autocapitalize="characters"),
    )
    amount = Paste(
        label=_("Amount in euro"),
        help_text=_("For example 12.50 or 12,50."),
        error_messages={"required": _("Enter the amount, for example 12.50.")},
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    remittance_text = PaymentText(
        label=_("Message"),
        required=False,
        longest=LONGEST_MESSAGE,
        help_text=_("What the payment is for, at most 140 characters."),
        widget=forms.TextInput(),
    )
    reference = Paste(
        label=_("Creditor reference"),
        required=False,
        help_text=_(
            "The number on the invoice, such as RF18 5390 0754 7034, at most 35 characters. It replaces the message."
        ),
        widget=_plain(autocapitalize="characters"),
    )
    bic = Paste(
        label=_("BIC"),
        required=False,
        help_text=_("Only for accounts outside the European Economic Area, such as Switzerland or the United Kingdom."),
        widget=_plain(autocapitalize="characters"),
    )
    form_id = forms.CharField(required=False, widget=forms.HiddenInput)
    symbols = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warned: list[str] = []

    @property
    def warned_names(self) -> list[str]:
        """The symbols with their names, such as ☕ (U+2615, HOT BEVERAGE), without quotes of any language."""
        return [
            f"{symbol} (" + ", ".join(filter(None, (f"U+{ord(symbol):04X}", unicodedata.name(symbol, "")))) + ")"
            for symbol in self.warned
        ]

    @property
    def warned_codes(self) -> str:
        """The value of `symbols` with which the form is sent again."""
        acknowledged = self.data.get("symbols", "").split()
        return " ".join(dict.fromkeys([*acknowledged, *(f"{ord(symbol):x}" for symbol in self.warned)]))

    def clean_form_id(self) -> str:
        """1 to 64 printable ASCII characters; "" for any other value. The server then identifies the order itself."""
        text: str = self.cleaned_data["form_id"]
        return text if text.isascii() and text.isprintable() and len(text) <= 64 else ""  # noqa: PLR2004

    def clean_iban(self) -> str:
        """The IBAN without spaces, in capitals."""
        try:
            return bank_accounts.parse_iban(self.cleaned_data["iban"])
        except BadIban as error:
            raise ValidationError(
                _("This is not a valid IBAN. Compare it with the invoice or the bank card, digit by digit."),
                code="iban",
            ) from error
        except NoSepaAccount as error:
            raise ValidationError(
                _("No SEPA transfer reaches accounts in %(country)s. Enter an account in a SEPA country."),
                code="no_sepa",
                params={"country": error.country},
            ) from error
        except QrIban as error:
            raise ValidationError(
                _("This is a QR-IBAN, which is for Swiss QR-bills only. Enter the account’s ordinary IBAN."),
                code="qr_iban",
            ) from error

    def clean_amount(self) -> int:
        """The amount in cents."""
        try:
            cents = amounts.parse_amount(self.cleaned_data["amount"])
        except AmountUnclear as error:
            raise ValidationError(
                _("This amount can't be read. Enter it in digits with two decimals, for example 1234.50 or 1234,50."),
                code="amount",
            ) from error
        if not 1 <= cents <= MAX_CENTS:
            raise ValidationError(_("Enter an amount from 0.01 to 999,999,999.99 euro."), code="amount_range")
        return cents

    def clean_bic(self) -> str:
        """The BIC in capitals, or ""."""
        written = self.cleaned_data["bic"]
        try:
            return bank_accounts.parse_bic(written) if _has_something(written) else ""
        except BadBic as error:
            raise ValidationError(
                _("This is not a valid BIC. It has 8 or 11 letters and digits. Most payments need none."),
                code="bic",
            ) from error

    def clean_reference(self) -> str:
        """The reference as it goes into the code, or "". The IBAN is cleaned before it."""
        written = self.cleaned_data["reference"]
        if not _has_something(written):
            return ""
        try:
            return creditor_references.parse_reference(written, iban=self.cleaned_data.get("iban", ""))
        except BadReference as error:
            raise ValidationError(_WRONG_REFERENCE[error.kind], code="reference") from error
        except ReferenceTooLong as error:
            raise ValidationError(_too_long(error.over), code="max_length") from error

    def clean(self) -> dict[str, Any]:
        """Draw the code, which shows whether the order fits."""
        values = super().clean() or self.cleaned_data
        if values.get("remittance_text") and values.get("reference"):
            self.add_error("reference", _("Give either a message or a reference, not both: empty one of the two."))
        self._check_bic(values)
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
        except PaymentTooLong as error:
            self.add_error(error.field, _too_long(error.over))
            return values
        acknowledged = set(values["symbols"].split())
        found = dict.fromkeys(filter(_is_symbol, order.beneficiary + order.remittance_text))
        self.warned = [symbol for symbol in found if f"{ord(symbol):x}" not in acknowledged]
        return values

    def _check_bic(self, values: dict[str, Any]) -> None:
        iban, bic = values.get("iban"), values.get("bic")
        if not iban or bic is None:
            return
        if not bic and bank_accounts.needs_bic(iban):
            self.add_error("bic", _("Enter the BIC too: for an account in this country the payer’s bank asks for it."))
        elif bic and not bank_accounts.fits(bic, iban):
            self.add_error("bic", _("This BIC belongs to a bank in another country than the IBAN. Compare both."))


def _too_long(over: int) -> str:
    text = ngettext(
        "This is too long by %(over)d character for one code. Shorten it.",
        "This is too long by %(over)d characters for one code. Shorten it.",
        over,
    )
    return text % {"over": over}


def _is_symbol(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in _SYMBOLS


def _is_blank(character: str) -> bool:
    return unicodedata.category(character) == "Zs"


def _has_something(written: str) -> bool:
    return any(character.isprintable() and not character.isspace() for character in written)
