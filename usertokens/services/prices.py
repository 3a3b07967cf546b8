"""What actions cost: TOKEN_ACTIONS, and the arguments with which the ledger's scripts compute a price exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from kv.store.connection import Arg, call
from kv.store.replies import pairs
from kv.store.scripts import Script
from usertokens import keys
from usertokens.conf import app_settings, parse_price
from usertokens.errors import UnknownAction
from usertokens.services import ledger
from usertokens.services.ledger import require_whole
from usertokens.types import LARGEST_AMOUNT, Price

#: Before an action's name: the field of the account with its fraction; see lua/prices.lua.
_PART = "part:"


def action_names() -> tuple[str, ...]:
    """The actions that can be spent on, in the order of TOKEN_ACTIONS."""
    return tuple(_parsed())


def price_of(action: str) -> Price:
    """What a unit of the action costs. Raises UnknownAction."""
    try:
        return _parsed()[action]
    except KeyError:
        raise UnknownAction(action) from None


def all_prices() -> str:
    """Every price as JSON for a script: {action: [tokens, per], …}."""
    return _as_json(_items())


def read_fractions(user_id: str) -> dict[str, str]:
    """What is carried on of each action, in tokens: {"gpt:input": "3/10"}. Raises StoreUnavailable."""
    fields = pairs(call("HGETALL", keys.account(user_id)))
    return {
        name.decode().removeprefix(_PART): part.decode() for name, part in fields if name.startswith(_PART.encode())
    }


def run_order(
    script: Script,
    user_id: str,
    amount: int | None,
    action: str | None,
    quantity: int,
    *,
    middle: Sequence[Arg] = (),
    name: str = "amount",
    reason: str,
    key: str,
    actor: str,
    now: datetime | None,
) -> list[Any]:
    """Run a script that takes tokens: an amount, or what an action costs. Returns its reply, as `ledger.run`.

    amount: whole tokens, or None with an action; quantity: of the action's units, 1 to 10^12.
    middle: ARGV between the amount and the action. name: of the argument that is the amount.
    A price is no input: it may change between a call and its repeat, and the action may be gone by then.
    Raises as `ledger.run`; UnknownAction, or ValueError for both an amount and an action, for neither, and for numbers
    out of bounds.
    """
    own, body = _order(amount, action, quantity, middle, name=name)
    if action is not None:
        price = _parsed().get(action)
        if price is None:
            answered = ledger.recall(script, user_id, body, reason=reason, key=key, actor=actor, now=now)
            if answered is None:
                raise UnknownAction(action)
            return answered
        own = (*own, price.tokens, price.per)
    return ledger.run(script, user_id, own, reason=reason, key=key, actor=actor, body=body, now=now)


def _order(
    amount: int | None, action: str | None, quantity: int, middle: Sequence[Arg], *, name: str
) -> tuple[tuple[Arg, ...], tuple[Arg, ...]]:
    """ARGV without the price, and the input that must be the same under the same idempotency key. Raises ValueError."""
    if action is None:
        if amount is None:
            raise ValueError(f"{name} or action is required")
        require_whole(1, **{name: amount})
        own = (amount, *middle)
        return own, own
    if amount is not None:
        raise ValueError(f"{name} or action is required, not both")
    require_whole(1, LARGEST_AMOUNT, quantity=quantity)
    return ("", *middle, action, quantity), ("", *middle, "action", action, quantity)


def _items() -> tuple[tuple[str, int | str], ...]:
    return tuple(app_settings.TOKEN_ACTIONS.items())


def _parsed() -> dict[str, Price]:
    return _parse(_items())


@lru_cache(maxsize=16)
def _parse(items: tuple[tuple[str, int | str], ...]) -> dict[str, Price]:
    return {action: parse_price(action, text) for action, text in items}


@lru_cache(maxsize=16)
def _as_json(items: tuple[tuple[str, int | str], ...]) -> str:
    prices = {action: [price.tokens, price.per] for action, price in _parse(items).items()}
    return json.dumps(prices, separators=(",", ":"))
