"""The form of automatic top-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.types import Offer
from kv.store.numbers import LARGEST_WHOLE
from kv.web.formats import format_money, format_number, money_input, read_money

_LARGEST_CAP = 99_999_999_999
_LONGEST = 20
_REQUIRED = {"required": _("Enter a number.")}


class AutoTopUpForm(forms.Form):
    """Threshold, package, and what may be charged a month, in units of the package's currency: "50" or "49,90"."""

    threshold = forms.IntegerField(
        label=_("When the balance falls to"),
        min_value=1,
        max_value=min(LARGEST_WHOLE, 10**12),
        error_messages={
            **_REQUIRED,
            "invalid": _("Enter a whole number of tokens."),
            "min_value": _("Enter at least one token."),
            "max_value": _("Enter a smaller number."),
        },
    )
    topup = forms.TypedChoiceField(
        label=_("Buy"),
        coerce=int,
        error_messages={"required": _("Choose a package."), "invalid_choice": _("Choose a package.")},
    )
    cap = forms.CharField(
        label=_("At most each month"), max_length=_LONGEST, error_messages={"required": _("Enter an amount.")}
    )

    def __init__(self, data: Any, offers: Sequence[Offer], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.offers = {offer.tokens: offer for offer in offers}
        field: Any = self.fields["topup"]
        field.choices = [(offer.tokens, _package(offer)) for offer in offers]
        self.fields["threshold"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}
        self.fields["cap"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        for name, bound in self.fields.items():
            bound.widget.attrs["aria-describedby"] = f"about_{name}"
            if data is not None and name in self.errors:
                bound.widget.attrs["aria-invalid"] = "true"

    @property
    def currency(self) -> str:
        """Of the package that is chosen, else of the first one."""
        chosen = str(self["topup"].value() or "")
        offer = self.offers.get(int(chosen)) if chosen.isascii() and chosen.isdecimal() else None
        return (offer or next(iter(self.offers.values()))).currency

    def clean(self) -> dict[str, Any]:
        """With `cap_cents`; an amount that is too small for one package is an error of `cap`."""
        found: dict[str, Any] = super().clean() or {}
        if "cap" in found and "topup" in found:
            offer = self.offers[found["topup"]]
            try:
                found["cap_cents"] = read_amount(found["cap"], offer.currency, at_least=offer.amount_cents)
            except ValidationError as error:
                self.add_error("cap", error)
        if "cap" in self.errors:
            self.fields["cap"].widget.attrs["aria-invalid"] = "true"
        return found


def read_amount(text: str, currency: str, *, at_least: int) -> int:
    """An amount in whole units, as the reader's language writes it, as cents. Raises ValidationError.

    at_least: cents, what one top-up costs.
    """
    cents = read_money(text, currency)
    if cents is None:
        raise ValidationError(
            _("Enter an amount such as %(example)s."), params={"example": money_input(5000, currency)}
        )
    if cents > _LARGEST_CAP:
        raise ValidationError(_("Enter a smaller amount."))
    if cents < at_least:
        amount = format_money(at_least, currency)
        raise ValidationError(_("One top-up costs %(amount)s: enter at least this much."), params={"amount": amount})
    return cents


def _package(offer: Offer) -> str:
    return str(
        _("%(tokens)s tokens for %(amount)s")
        % {"tokens": format_number(offer.tokens), "amount": format_money(offer.amount_cents, offer.currency)}
    )
