"""The app's logic. `__all__` is the public API, described in docs/tokens.md; everything else may change."""

from typing import TYPE_CHECKING

from kv.process.lazy import lazy_names

__all__ = [
    "aadd_tokens",
    "aadjust_tokens",
    "aapply_plan",
    "acapture_hold",
    "add_tokens",
    "adelete_account",
    "adismiss_low_balance",
    "adjust_tokens",
    "aforget_user",
    "afreeze_grant",
    "aget_balance",
    "aget_budget",
    "aget_user_stats",
    "agrant_tokens",
    "ahold",
    "ahold_tokens",
    "alist_daily_balances",
    "alist_transactions",
    "amake_vouchers",
    "apply_plan",
    "aread_dashboard",
    "aread_site_usage",
    "aread_usage",
    "arecord_conversation",
    "arecord_generation",
    "arecord_login",
    "aredeem_voucher",
    "arelease_hold",
    "areset_user",
    "arestore_grant",
    "areverse_entry",
    "areverse_grant",
    "aset_budget",
    "aset_mood",
    "aset_plan",
    "aspend_tokens",
    "aunfreeze_grant",
    "capture_hold",
    "delete_account",
    "dismiss_low_balance",
    "forget_user",
    "freeze_grant",
    "get_balance",
    "get_budget",
    "get_user_stats",
    "grant_tokens",
    "hold",
    "hold_tokens",
    "list_daily_balances",
    "list_transactions",
    "make_vouchers",
    "read_dashboard",
    "read_site_usage",
    "read_usage",
    "record_conversation",
    "record_generation",
    "record_login",
    "redeem_voucher",
    "release_hold",
    "report_use",
    "reset_user",
    "restore_grant",
    "reverse_entry",
    "reverse_grant",
    "set_budget",
    "set_mood",
    "set_plan",
    "spend_tokens",
    "spends",
    "unfreeze_grant",
]

if TYPE_CHECKING:
    from usertokens.services.accounts import adelete_account, aforget_user, delete_account, forget_user
    from usertokens.services.activity import (
        aget_user_stats,
        arecord_login,
        aset_mood,
        get_user_stats,
        record_login,
        set_mood,
    )
    from usertokens.services.balances import (
        aadd_tokens,
        aadjust_tokens,
        add_tokens,
        adismiss_low_balance,
        adjust_tokens,
        aget_balance,
        arecord_generation,
        areverse_entry,
        aspend_tokens,
        dismiss_low_balance,
        get_balance,
        record_generation,
        reverse_entry,
        spend_tokens,
    )
    from usertokens.services.budgets import aget_budget, aset_budget, get_budget, set_budget
    from usertokens.services.conversations import arecord_conversation, record_conversation
    from usertokens.services.dashboards import aread_dashboard, read_dashboard
    from usertokens.services.held import ahold, hold
    from usertokens.services.holds import (
        acapture_hold,
        ahold_tokens,
        arelease_hold,
        capture_hold,
        hold_tokens,
        release_hold,
    )
    from usertokens.services.journal import (
        alist_daily_balances,
        alist_transactions,
        list_daily_balances,
        list_transactions,
    )
    from usertokens.services.plans import aapply_plan, apply_plan, aset_plan, set_plan
    from usertokens.services.purchases import (
        afreeze_grant,
        agrant_tokens,
        arestore_grant,
        areverse_grant,
        aunfreeze_grant,
        freeze_grant,
        grant_tokens,
        restore_grant,
        reverse_grant,
        unfreeze_grant,
    )
    from usertokens.services.resets import areset_user, reset_user
    from usertokens.services.usage import aread_site_usage, aread_usage, read_site_usage, read_usage
    from usertokens.services.voucher_making import amake_vouchers, make_vouchers
    from usertokens.services.vouchers import aredeem_voucher, redeem_voucher
    from usertokens.views.spending import report_use, spends
else:
    _PLACES = {
        "accounts": ("delete_account", "forget_user"),
        "activity": ("get_user_stats", "record_login", "set_mood"),
        "balances": (
            "add_tokens",
            "adjust_tokens",
            "dismiss_low_balance",
            "get_balance",
            "record_generation",
            "reverse_entry",
            "spend_tokens",
        ),
        "budgets": ("get_budget", "set_budget"),
        "conversations": ("record_conversation",),
        "dashboards": ("read_dashboard",),
        "held": ("hold",),
        "holds": ("capture_hold", "hold_tokens", "release_hold"),
        "journal": ("list_daily_balances", "list_transactions"),
        "plans": ("apply_plan", "set_plan"),
        "purchases": ("freeze_grant", "grant_tokens", "restore_grant", "reverse_grant", "unfreeze_grant"),
        "resets": ("reset_user",),
        "usage": ("read_site_usage", "read_usage"),
        "voucher_making": ("make_vouchers",),
        "vouchers": ("redeem_voucher",),
        ".views.spending": ("report_use", "spends"),
    }
    __getattr__, __dir__ = lazy_names(__name__, __all__, _PLACES)
