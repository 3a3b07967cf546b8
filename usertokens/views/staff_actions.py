"""What staff do for a user in the admin: once for each form, with a reason, and an entry in the admin's log."""

from __future__ import annotations

import hashlib

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kv.sql.transactions import atomic_for
from kv.web.formats import format_number
from usertokens.errors import (
    AccountClosed,
    BalanceTooLarge,
    BudgetExceeded,
    HoldEnded,
    IdempotencyConflict,
    InsufficientTokens,
    OpenHolds,
    UnknownHold,
)
from usertokens.forms import CorrectionForm
from usertokens.models import StaffAction
from usertokens.services import balances, holds, plans, resets
from usertokens.views.staff_log import log_by_staff

#: What a refusal in the form explains.
_EXPLAINED = (InsufficientTokens, BudgetExceeded, OpenHolds, BalanceTooLarge, AccountClosed, IdempotencyConflict)


def carry_out(request: HttpRequest, user_id: str, form: CorrectionForm) -> bool:
    """Do what the valid form says, unless it was done before; False, with an error in the form, when it can't be.

    The key is kept in the transaction of the log's entry: what is sent twice at once waits for the first, and then does
    nothing. The ledger remembers the key too, so after a crash in between the form may be sent again.
    """
    with atomic_for(StaffAction):
        _row, is_new = StaffAction.objects.get_or_create(key=_digest(request, user_id, form.cleaned_data["key"]))
        if not is_new:
            messages.info(request, _("This form was already sent. Nothing was done a second time."))
            return True
        try:
            message = _act(request, user_id, form)
        except _EXPLAINED as error:
            _row.delete()
            _explain(form, error)
            return False
        except (UnknownHold, HoldEnded):
            _row.delete()
            form.add_error(None, _("This hold has ended. Load the page again."))
            return False
        log_by_staff(request.user, user_id, message)
    messages.success(request, message)
    return True


def describe(form: CorrectionForm) -> str:
    """What the form would do, as a question."""
    action, amount = form.data["action"], form.cleaned_data.get("amount") or 0
    shown = {"amount": format_number(abs(amount)), "plan": form.cleaned_data.get("plan", "")}
    texts = {
        form.GRANT: _("Grant %(amount)s tokens?"),
        form.ADJUST: _("Take %(amount)s tokens?") if amount < 0 else _("Add %(amount)s tokens?"),
        form.SPEND: _("Spend %(amount)s tokens for the user?"),
        form.PLAN: _("Set the plan to %(plan)s?"),
        form.RELEASE: _("Release the hold? Its tokens return to the balance."),
        form.RESET: _("Reset to the first day? Activity and tokens begin anew, and saved conversations are deleted."),
    }
    return texts[action] % shown


def _act(request: HttpRequest, user_id: str, form: CorrectionForm) -> str:
    """Do it; what the log says of it."""
    data, staff = form.cleaned_data, str(request.user.pk)
    reason, key = data["reason"], data["key"]
    match data["action"]:
        case form.GRANT:
            balances.add_tokens(user_id, data["amount"], reason=reason, actor=staff, key=key)
            return _("Granted %(amount)d tokens: %(reason)s") % data
        case form.ADJUST:
            balances.adjust_tokens(user_id, data["amount"], reason=reason, actor=staff, key=key)
            return _("Adjusted the balance by %(amount)d: %(reason)s") % data
        case form.SPEND:
            balances.spend_tokens(user_id, data["amount"], reason=reason, actor=staff, key=key)
            return _("Spent %(amount)d tokens: %(reason)s") % data
        case form.PLAN:
            plans.change_plan(user_id, data["plan"], actor=staff)
            return _("Set the plan to %(plan)s: %(reason)s") % data
        case form.RELEASE:
            released = holds.release_hold(user_id, data["hold"], by_service=True, actor=staff, key=key)
            return _("Released a hold of %(amount)d tokens: %(reason)s") % {"amount": released.amount, "reason": reason}
    resets.reset_user(user_id, reason=reason, actor=staff, key=key)
    return _("Reset to the first day: %(reason)s") % data


def _explain(form: CorrectionForm, error: Exception) -> None:
    if isinstance(error, InsufficientTokens):
        text = _("The balance is %(balance)d; it can't fall below zero.") % {"balance": error.balance}
        form.add_error("amount", text)
    elif isinstance(error, BudgetExceeded):
        left = max(error.limit - error.used, 0)
        text = ngettext(
            "A budget of this user has %(left)s token left.", "A budget of this user has %(left)s tokens left.", left
        )
        form.add_error("amount", text % {"left": format_number(left)})
    elif isinstance(error, OpenHolds):
        form.add_error("action", _("Tokens are on hold. They must be captured or released first."))
    elif isinstance(error, BalanceTooLarge):
        form.add_error("amount", _("The balance would become too large. Enter a smaller number."))
    elif isinstance(error, AccountClosed):
        form.add_error(None, _("This account was closed."))
    else:
        form.add_error(None, _("This form was sent before with other values. Load the page again."))


def _digest(request: HttpRequest, user_id: str, key: str) -> str:
    """One member of staff's form about one user."""
    return hashlib.sha256(f"{request.user.pk}\0{user_id}\0{key}".encode()).hexdigest()
