"""Lists of vouchers: the state of each, filters by it, and rows for a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db.models import F, Q

from kv.web.links import app_url_or_none
from usertokens.conf import app_settings
from usertokens.models import Voucher
from usertokens.types import VoucherState

#: Of a CSV file, in this order.
COLUMNS = (
    "code", "name", "tokens", "uses", "used", "valid_from", "valid_until", "new_users_days", "expire_days", "priority",
    "state", "made", "link",
)  # fmt: skip


def state_of(voucher: Voucher, now: datetime) -> VoucherState:
    """Whether it can be redeemed now, and if not, the first reason."""
    if voucher.stopped_at:
        return VoucherState.STOPPED
    if voucher.uses >= voucher.max_uses:
        return VoucherState.USED_UP
    if voucher.valid_until and voucher.valid_until <= now:
        return VoucherState.OVER
    return VoucherState.NOT_YET if voucher.valid_from and voucher.valid_from > now else VoucherState.OPEN


def with_state(state: VoucherState, now: datetime) -> Q:
    """A filter for the vouchers in this state."""
    stopped, used_up = Q(stopped_at__isnull=False), Q(uses__gte=F("max_uses"))
    over, early = Q(valid_until__lte=now), Q(valid_from__gt=now)
    # Not `~over`: of a column that may be NULL it would need a join of its own meaning.
    on_time = Q(valid_until__isnull=True) | Q(valid_until__gt=now)
    begun = Q(valid_from__isnull=True) | Q(valid_from__lte=now)
    live = Q(stopped_at__isnull=True, uses__lt=F("max_uses"))
    return {
        VoucherState.STOPPED: stopped,
        VoucherState.USED_UP: Q(stopped_at__isnull=True) & used_up,
        VoucherState.OVER: live & over,
        VoucherState.NOT_YET: live & on_time & early,
        VoucherState.OPEN: live & on_time & begun,
    }[state]


def link_base() -> str:
    """What a code is put behind to make the link to give out; "" where the project has no page to redeem.

    Without SITE_URL it is a path.
    """
    page = app_url_or_none("usertokens:redeem")
    return f"{app_settings.SITE_URL.rstrip('/')}{page}?code=" if page else ""


def voucher_rows(
    vouchers: Iterable[Voucher], now: datetime, *, states: dict[VoucherState, str] | None = None
) -> Iterator[tuple[object, ...]]:
    """The rows of a CSV file, without the head. Links are in the language that is active now, not when they are read.

    states: their names, where they are not in English.
    """
    base, names = link_base(), states or {}

    def row(one: Voucher) -> tuple[object, ...]:
        state = state_of(one, now)
        return (
            one.code, one.label, one.tokens, one.max_uses, one.uses, _moment(one.valid_from), _moment(one.valid_until),
            _days(one.account_days), _days(one.grant_days), one.priority, names.get(state, state.value),
            _moment(one.created_at), base and base + one.code,
        )  # fmt: skip

    return map(row, vouchers)


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _days(days: int | None) -> object:
    return "" if days is None else days
