"""The form of a payment code, and of the width of its file."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from stats.errors import (
    AmountUnclear,
    BadBic,
    BadIban,
    BadPurpose,
    BadReference,
    NoSepaAccount,
    PaymentTooLong,
    QrIban,
    ReferenceTooLong,
)
from stats.forms.fields import Paste, PaymentText, has_something
from stats.services import amounts, bank_accounts, creditor_references, payment_codes
from stats.services.payment_codes import MAX_CENTS, PaymentCode, PaymentOrder

LONGEST_NAME = 70
LONGEST_MESSAGE = 140
LONGEST_NOTE = 70
# The largest code has 77 modules with its margin: in 20 mm each is a quarter of a millimetre, which phones still read.
SMALLEST_MM, LARGEST_MM = 20, 200
# Banks accept no symbols of these categories. Letters with accents they replace where necessary.
_SYMBOLS = {"So", "Sc", "Sk", "Sm", "Cn"}

_WRONG_REFERENCE = {
    "RF": _("This is not a valid reference. It begins with RF and two digits, and its check digits are wrong."),
    "BE": _("This Belgian reference is not valid: its last two digits don’t match the others."),
    "FI": _("This Finnish reference is not valid: its last digit doesn’t match the others."),
    "SI": _("This Slovenian reference is not valid: compare it with the invoice, digit by digit."),
    "characters": _("A reference has only letters without accents, digits, spaces and signs such as / and -."),
    "slashes": _("Banks refuse a reference that begins or ends with a slash, or has two in a row: compare it."),
    "invoice": _(
        "No RF reference can be made of this: an invoice number has letters without accents and digits, at most 21."
    ),
}
# The purposes that a small business has, of ISO 20022's list of more than 300; the field takes any.
PURPOSES = (
    ("GDDS", _("Goods")),
    ("SCVE", _("Services")),
    ("SUBS", _("Subscription")),
    ("RENT", _("Rent")),
    ("CHAR", _("Donation")),
)


def _plain(**attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"spellcheck": "false", **attrs})


class PaymentForm(forms.Form):
    """Who is paid, how much, and what for. When it is valid, `code` is the payment code.

    as_rf:   `reference` is an invoice number, of which an RF reference is made.
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
        required=False,
        help_text=_("For example 12.50 or 12,50. If you leave it empty, the payer enters the amount."),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    remittance_text = PaymentText(
        label=_("Message"),
        required=False,
        longest=LONGEST_MESSAGE,
        help_text=_("What the payment is for, at most 140 characters."),
        widget=forms.TextInput(),
    )
    as_rf = forms.BooleanField(
        label=_("Create an RF reference from this invoice number"),
        required=False,
        help_text=_("It gets RF and two check digits, so that a bank app notices a wrong digit."),
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
    purpose = Paste(
        label=_("Purpose code"),
        required=False,
        help_text=_("Four letters of the ISO 20022 list, such as GDDS for goods. Few banks need it."),
        widget=_plain(autocapitalize="characters", list="purposes"),
    )
    note = PaymentText(
        label=_("Note to the payer"),
        required=False,
        longest=LONGEST_NOTE,
        help_text=_("At most 70 characters. It is not part of the transfer, and few bank apps show it."),
        widget=forms.TextInput(),
    )
    form_id = forms.CharField(required=False, widget=forms.HiddenInput)
    symbols = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warned: list[str] = []

    @property
    def has_more(self) -> bool:
        """Whether one of the seldom used fields has something in it, so that they are shown."""
        return any(self[name].value() or self[name].errors for name in ("purpose", "note"))

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
        return text if text.isascii() and text.isprintable() and len(text) <= 64 else ""  # noqa: PLR2004 (the docstring says it)

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

    def clean_amount(self) -> int | None:
        """The amount in cents; None when the payer enters it."""
        written = self.cleaned_data["amount"]
        if not has_something(written):
            return None
        try:
            cents = amounts.parse_amount(written)
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
            return bank_accounts.parse_bic(written) if has_something(written) else ""
        except BadBic as error:
            raise ValidationError(
                _("This is not a valid BIC. It has 8 or 11 letters and digits. Most payments need none."),
                code="bic",
            ) from error

    def clean_reference(self) -> str:
        """The reference as it goes into the code, or "". The IBAN and `as_rf` are cleaned before it."""
        written = self.cleaned_data["reference"]
        if not has_something(written):
            return ""
        try:
            if self.cleaned_data["as_rf"]:
                return creditor_references.make_rf_reference(written)
            return creditor_references.parse_reference(written, iban=self.cleaned_data.get("iban", ""))
        except BadReference as error:
            raise ValidationError(_WRONG_REFERENCE[error.kind], code="reference") from error
        except ReferenceTooLong as error:
            raise ValidationError(_too_long(error.over), code="max_length") from error

    def clean_purpose(self) -> str:
        """The code in capitals, or ""."""
        written = self.cleaned_data["purpose"]
        try:
            return payment_codes.parse_purpose(written) if has_something(written) else ""
        except BadPurpose as error:
            raise ValidationError(
                _("This is not a purpose code. It has four letters, such as GDDS. Leave it empty if you have none."),
                code="purpose",
            ) from error

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
            purpose=values["purpose"],
            note=values["note"],
        )
        try:
            self.code = payment_codes.make_payment_code(order)
        except PaymentTooLong as error:
            self.add_error(error.field, _too_long(error.over))
            return values
        acknowledged = set(values["symbols"].split())
        found = dict.fromkeys(filter(_is_symbol, order.beneficiary + order.remittance_text + order.note))
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


class SizeForm(forms.Form):
    """How wide a code is on paper, with its margin: `size_mm` in millimetres, None for no size of its own."""

    size_mm = forms.IntegerField(
        label=_("Width in millimetres"),
        required=False,
        min_value=SMALLEST_MM,
        max_value=LARGEST_MM,
        help_text=_("For a file to print: 20 to 200, with the white margin."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


def _too_long(over: int) -> str:
    text = ngettext(
        "This is too long by %(over)d character for one code. Shorten it.",
        "This is too long by %(over)d characters for one code. Shorten it.",
        over,
    )
    return text % {"over": over}


def _is_symbol(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in _SYMBOLS
