"""The forms of a user's own pages and of the admin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import get_language_info, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kv.web.text_fields import CleanField
from usertokens.conf import app_settings
from usertokens.permissions import ACT_FOR_ANY, MANAGE_TOKENS
from usertokens.services.prices import action_names
from usertokens.types import LARGEST_AMOUNT, LONGEST_REASON, Caps, MailKind, budget_name
from usertokens.types.budgets import DAY, MONTH


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


class MailsForm(forms.Form):
    """Which mails a user gets, and in which language. kinds: as `mail_kinds` has them."""

    kinds = forms.MultipleChoiceField(label=_("E-mails"), required=False)
    language = forms.ChoiceField(label=_("Language of the e-mails"))

    def __init__(self, kinds: Mapping[str, MailKind], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names: Any = self.fields["kinds"]
        names.choices = [(name, kind.label) for name, kind in kinds.items()]
        language: Any = self.fields["language"]
        # Each in its own language.
        language.choices = [
            (code, capfirst(get_language_info(code)["name_local"])) for code, _name in settings.LANGUAGES
        ]


class CorrectionForm(forms.Form):
    """What staff do for a user, each with a reason. The key makes a form that is sent twice act once."""

    GRANT, ADJUST, SPEND, PLAN, RELEASE, RESET = "grant", "adjust", "spend", "plan", "release", "reset"
    #: The permission that each needs.
    PERMISSIONS = MappingProxyType(
        {
            GRANT: MANAGE_TOKENS,
            ADJUST: MANAGE_TOKENS,
            SPEND: ACT_FOR_ANY,
            PLAN: MANAGE_TOKENS,
            RELEASE: ACT_FOR_ANY,
            RESET: MANAGE_TOKENS,
        }
    )
    #: Those that have a button of their own.
    _APART = (RELEASE, RESET)

    action = forms.ChoiceField(
        label=_("What"),
        choices=[
            (GRANT, _("Grant tokens")),
            (ADJUST, _("Adjust the balance (a negative number takes tokens)")),
            (SPEND, _("Spend tokens for the user")),
            (PLAN, _("Set the plan")),
            (RELEASE, _("Release a hold")),
            (RESET, _("Reset to the first day")),
        ],
    )
    amount = forms.IntegerField(label=_("Tokens"), required=False, min_value=-LARGEST_AMOUNT, max_value=LARGEST_AMOUNT)
    plan = forms.ChoiceField(label=_("Plan"), required=False)
    hold = forms.CharField(widget=forms.HiddenInput, required=False, max_length=200)
    reason = CleanField(label=_("Reason"), max_length=LONGEST_REASON)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, may: Callable[[str], bool] = lambda _: True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action: Any = self.fields["action"]
        action.choices = [choice for choice in action.choices if may(self.PERMISSIONS[choice[0]])]
        action.widget.choices = [choice for choice in action.choices if choice[0] not in self._APART]
        plan: Any = self.fields["plan"]
        plan.choices = [("", "–"), *((name, name) for name in app_settings.PLAN_ALLOWANCES)]
        if not may(MANAGE_TOKENS):
            del self.fields["plan"]

    def clean(self) -> dict[str, Any]:
        """Require what the action needs."""
        values = super().clean() or self.cleaned_data
        action, amount = values.get("action"), values.get("amount")
        if action in (self.GRANT, self.SPEND) and (amount is None or amount < 1):
            self.add_error("amount", _("Enter how many tokens, at least 1."))
        if action == self.ADJUST and not amount:
            self.add_error("amount", _("Enter by how many tokens, for example -5."))
        if action == self.PLAN and not values.get("plan"):
            self.add_error("plan", _("Choose a plan."))
        if action == self.RELEASE and not values.get("hold"):
            self.add_error(None, _("Choose a hold."))
        return values


_LABELS = {DAY: _("Tokens a day"), MONTH: _("Tokens a month")}


@dataclass(frozen=True, slots=True)
class BudgetFields:
    """The fields of an action, "" = all tokens."""

    action: str
    fields: tuple[forms.BoundField, ...]


class BudgetForm(forms.Form):
    """Budgets of all tokens and of each action; of the user's own page and of the admin.

    caps: what stands now, by action. An empty field is no budget.
    """

    def __init__(self, caps: Mapping[str, Caps], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for action in ("", *action_names()):
            now = caps.get(action, Caps())
            for period, tokens in ((DAY, now.day), (MONTH, now.month)):
                self.fields[budget_name(action, period)] = forms.IntegerField(
                    label=_LABELS[period], required=False, min_value=1, max_value=LARGEST_AMOUNT, initial=tokens
                )

    @property
    def rows(self) -> list[BudgetFields]:
        """The fields, all tokens first."""
        return [
            BudgetFields(action, tuple(self[budget_name(action, period)] for period in (DAY, MONTH)))
            for action in ("", *action_names())
        ]

    def caps(self) -> dict[str, Any]:
        """What a valid form says, as the arguments of `set_budget`."""
        given = {
            action: Caps(*(self.cleaned_data[budget_name(action, period)] for period in (DAY, MONTH)))
            for action in ("", *action_names())
        }
        whole = given.pop("")
        return {"day": whole.day, "month": whole.month, "actions": given}
