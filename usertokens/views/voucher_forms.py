"""The admin's forms of vouchers: to make some, to change one, to take them back."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kv.times import utc_now
from kv.web.text_fields import CleanField
from usertokens.errors import BadPattern
from usertokens.models import Voucher
from usertokens.services.voucher_codes import ALPHABET, LONGEST_CODE, PATTERN, code_key, read_pattern

if TYPE_CHECKING:
    _VoucherForm = forms.ModelForm[Voucher]
else:
    _VoucherForm = forms.ModelForm

#: Vouchers of one form; the command makes more.
MOST_AT_ONCE = 10_000
_HELP = {
    "max_uses": _("So many users may redeem it, each of them once."),
    "account_days": _("7: only users who signed up in the last 7 days. Empty: all users."),
    "grant_days": _("Counted from the redemption. Empty: they do not expire."),
    "priority": _("0 to 999. Tokens with a lower priority are spent first: the allowance has 20, bought tokens 80."),
    "valid_until": _("From this moment on it can’t be redeemed any more."),
}
#: By the reason of `BadPattern`.
WRONG_PATTERNS = MappingProxyType(
    {
        "form": _("Only letters A to Z, digits, single hyphens, and ? for a random character."),
        "long": _("At most 64 characters."),
        "short": _("At least 4 characters besides hyphens."),
        "one": _("A pattern without ? is one code. Add ? for random characters, or create one voucher."),
        "few": _("These codes could be guessed: add more ? or create fewer vouchers."),
        "taken": _("This code exists already, or existed once."),
    }
)


class VoucherForm(_VoucherForm):
    """What may change once codes are given out."""

    label = CleanField(
        label=pgettext_lazy("voucher", "Name"), max_length=80, help_text=_("For staff: users do not see it.")
    )

    class Meta:
        model = Voucher
        fields = ("label", "tokens", "max_uses", "valid_from", "valid_until", "account_days", "grant_days", "priority")
        help_texts = _HELP

    def clean(self) -> dict[str, Any]:
        """The times in their order, and no fewer uses than there were. Raises ValidationError."""
        values = super().clean() or self.cleaned_data
        first, last = values.get("valid_from"), values.get("valid_until")
        if first and last and first >= last:
            self.add_error("valid_until", _("The end must come after the beginning."))
        uses = values.get("max_uses")
        if uses is not None and uses < self.instance.uses:
            raise ValidationError({"max_uses": _("It was redeemed more often than that.")})
        return values


class MakeVouchersForm(VoucherForm):
    """How many, what their codes look like, and their terms."""

    pattern = forms.CharField(
        label=_("Pattern of the code"),
        initial=PATTERN,
        max_length=LONGEST_CODE,
        help_text=_(
            "Each ? becomes a random character that nobody takes for another (%(alphabet)s). Without any, it is the "
            "code itself."
        ),
    )
    count = forms.IntegerField(label=_("How many"), initial=1, min_value=1, max_value=MOST_AT_ONCE)

    class Meta(VoucherForm.Meta):
        pass

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pattern = self.fields["pattern"]
        pattern.help_text = str(pattern.help_text) % {"alphabet": ALPHABET}

    def clean(self) -> dict[str, Any]:
        """A pattern that can make so many codes, and an end that has not come yet."""
        values = super().clean()
        last = values.get("valid_until")
        if last and last <= utc_now():
            self.add_error("valid_until", _("This moment has passed already."))
        pattern, count = values.get("pattern"), values.get("count")
        if pattern and count:
            try:
                values["pattern"] = read_pattern(pattern, count)
            except BadPattern as error:
                self.add_error("pattern", WRONG_PATTERNS[error.reason])
            else:
                if "?" not in pattern and Voucher.objects.filter(key=code_key(pattern)).exists():
                    self.add_error("pattern", WRONG_PATTERNS["taken"])
        return values


class TakeBackForm(forms.Form):
    """Why."""

    reason = CleanField(label=_("Reason"), max_length=200)
