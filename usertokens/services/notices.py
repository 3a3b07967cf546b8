"""Finds what users are told by mail: balances that have fallen, tokens about to expire, allowances that have come.

Receivers of events are told of the first two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model

from kv.events import emit, is_wanted
from kv.store.connection import call_many
from kv.store.scripts import Script
from kv.times import from_ms, iso, to_ms, utc_now
from usertokens import keys
from usertokens.conf import app_settings, mails_are_on
from usertokens.errors import AccountClosed
from usertokens.models import OutgoingMail
from usertokens.services import letters, mails
from usertokens.services.balances import get_balance
from usertokens.services.event_flags import BALANCE_LOW
from usertokens.services.mail_choices import list_takers
from usertokens.services.noted import take_noted
from usertokens.services.users import list_users
from usertokens.types import Balance, Grant, MailState

#: How long before they expire tokens are told of.
AHEAD = timedelta(days=3)
#: A fall of the balance, or an allowance, that is found later is no news: mail was off, or nobody ran a worker.
NEWS = timedelta(days=3)
#: Of falls that no new tokens came between, one is told in so long: tokens go on hold and come back all day.
ONE_IN = timedelta(hours=24)
EXPIRING_EVENT = "grant.expiring"
_BATCH = 200
#: Grants that come again by themselves.
_BY_PERIOD = ("allowance", "rollover")

clear_fall_script = Script("usertokens", "clear_fall")


def queue_falls(*, now: datetime | None = None) -> None:
    """Queue mails for users whose balance has just fallen to LOW_BALANCE."""
    more = True
    while more:
        with take_noted(keys.fallen(), _BATCH) as found:
            if found:
                queue_low_balances(found, now or utc_now())
        more = len(found) == _BATCH


def queue_notices(user_ids: Sequence[str], *, now: datetime | None = None) -> None:
    """Queue what is to be told to some users: the hourly walk over all accounts. One round trip where nothing is.

    Receivers of events are told the same, but of allowances, also where mails are off.
    """
    if not mails_are_on() and not is_wanted(BALANCE_LOW, EXPIRING_EVENT):
        return
    now = now or utc_now()
    names = ("fallen", "grants", "balance", "due")
    found = call_many([("HMGET", keys.account(user_id), *names) for user_id in user_ids])
    _queue_falls({user_id: row[:3] for user_id, row in zip(user_ids, found, strict=True) if row[0]}, now)
    # `due` is the first moment at which anything happens, so it is no later than the first expiry.
    latest = to_ms(now + AHEAD)
    queue_expiring([user_id for user_id, row in zip(user_ids, found, strict=True) if int(row[3] or 0) <= latest], now)
    if mails_are_on():
        queue_allowances(user_ids, now)


def queue_low_balances(user_ids: Sequence[str], now: datetime) -> None:
    """Queue a mail for each fall that has none yet, once for each, and tell receivers of events of it."""
    found = call_many([("HMGET", keys.account(user_id), "fallen", "grants", "balance") for user_id in user_ids])
    _queue_falls({user_id: row for user_id, row in zip(user_ids, found, strict=True) if row[0]}, now)


def _queue_falls(falls: Mapping[str, Sequence[bytes | None]], now: datetime) -> None:
    """falls: by user, the account's `fallen`, the number of its last grant, and its balance."""
    known = _known(falls) if falls else ()
    notified = _notified_of_low(falls, now) if falls else ()
    for user_id, (fall, last, balance) in falls.items():
        text = (fall or b"").decode()
        entry, _, moment = text.partition(" ")
        grants, at = int(last or 0), from_ms(int(moment))
        key = f"{user_id}:{entry}:{moment}"
        if user_id in known and now - at <= NEWS:
            if (user_id, grants) not in notified:
                mails.queue_mail(user_id, letters.LOW_BALANCE.name, key, {"grants": grants}, now=now)
            low = {"user_id": user_id, "balance": int(balance or 0), "threshold": app_settings.LOW_BALANCE}
            emit(BALANCE_LOW, low, key=key, at=at)
        clear_fall_script.run([keys.account(user_id)], [text])


def _notified_of_low(user_ids: Iterable[str], now: datetime) -> set[tuple[str, int]]:
    """Users who have just been told of a low balance, each with the number of their last grant then."""
    rows = OutgoingMail.objects.filter(
        kind=letters.LOW_BALANCE.name, user_id__in=list(user_ids), created_at__gt=now - ONE_IN
    ).exclude(state=MailState.SKIPPED)
    return {(user_id, data.get("grants", -1)) for user_id, data in rows.values_list("user_id", "data")}


def queue_expiring(user_ids: Sequence[str], now: datetime) -> None:
    """Queue a mail for tokens that expire within three days: one for all that expire at the same moment.

    Receivers of events are told the same, also of users without an address. More tokens that come later and expire then
    are a mail of their own. Of allowances and what is kept of them, which come anew, only users are told who have used
    some and would lose more than LOW_BALANCE.
    """
    reached = _reachable(user_ids) if mails_are_on() else []
    notified = _notified_of_expiry(reached) if reached else {}
    known = _known(user_ids) if is_wanted(EXPIRING_EVENT) else set()
    for user_id in [one for one in user_ids if one in known.union(reached)]:
        try:
            balance = get_balance(user_id, now=now)
        except AccountClosed:
            continue
        for expires, grants in _expiring(balance, now).items():
            newest = max(grant.id for grant in grants)
            key = f"{user_id}:{expires}:{newest}"
            if user_id in reached and notified.get((user_id, expires), 0) < newest:
                mails.queue_mail(user_id, letters.EXPIRING.name, key, {"expires": expires}, now=now)
            left = sum(grant.left for grant in grants)
            data = {"user_id": user_id, "expires_at": iso(from_ms(expires)), "tokens": left}
            emit(EXPIRING_EVENT, data, key=key, at=now)


def queue_allowances(user_ids: Sequence[str], now: datetime) -> None:
    """Queue a mail for each allowance that has come to somebody who has switched these mails on."""
    takers = list_takers(letters.ALLOWANCE.name, user_ids)
    for user_id, since in takers.items():
        try:
            tokens = get_balance(user_id, now=now).tokens
        except AccountClosed:
            continue
        came = tokens.period_start
        if tokens.allowance and came >= since and now - came <= NEWS:
            ends = to_ms(tokens.period_end)
            mails.queue_mail(user_id, letters.ALLOWANCE.name, f"{user_id}:{to_ms(came)}", {"ends": ends}, now=now)


def _expiring(balance: Balance, now: datetime) -> dict[int, list[Grant]]:
    """The grants that expire within three days and are to be told of, by the moment (ms)."""
    found: dict[int, list[Grant]] = {}
    for grant in balance.grants:
        if grant.left and grant.expires_at is not None and now < grant.expires_at <= now + AHEAD:
            found.setdefault(to_ms(grant.expires_at), []).append(grant)
    return {expires: grants for expires, grants in found.items() if _is_worth_notice(grants)}


def _is_worth_notice(grants: Iterable[Grant]) -> bool:
    grants = list(grants)
    if any(grant.source not in _BY_PERIOD for grant in grants):
        return True
    is_used = any(grant.left < grant.amount for grant in grants)
    return is_used and sum(grant.left for grant in grants) > app_settings.LOW_BALANCE


def _notified_of_expiry(user_ids: Iterable[str]) -> dict[tuple[str, int], int]:
    """By user and moment of expiry (ms), the newest grant that a mail has told of."""
    rows = OutgoingMail.objects.filter(kind=letters.EXPIRING.name, user_id__in=list(user_ids))
    found: dict[tuple[str, int], int] = {}
    for user_id, key in rows.values_list("user_id", "key"):
        _, expires, newest = key.rsplit(":", 2)
        place = user_id, int(expires)
        found[place] = max(found.get(place, 0), int(newest))
    return found


def _known(user_ids: Iterable[str]) -> set[str]:
    """Those who are users."""
    return {str(pk) for pk in list_users(user_ids).values_list("pk", flat=True)} & set(user_ids)


def _reachable(user_ids: Sequence[str]) -> list[str]:
    """Those who are users with an address."""
    model: Any = get_user_model()
    name = model.get_email_field_name()
    if not user_ids or name not in {field.name for field in model._meta.get_fields()}:  # noqa: SLF001 (Django documents it)
        return []
    rows = list_users(user_ids).exclude(**{name: ""}).exclude(**{f"{name}__isnull": True})
    found = {str(pk) for pk in rows.values_list("pk", flat=True)}
    return [user_id for user_id in user_ids if user_id in found]
