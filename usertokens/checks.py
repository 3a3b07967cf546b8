"""Django system checks of the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError

from kv.errors import StoreUnavailable
from usertokens.conf import app_settings, parse_price
from usertokens.types import LARGEST_AMOUNT


@register("usertokens")
def check_plans(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """PLAN_ALLOWANCES has a plan, and every allowance is a number of tokens."""
    plans = app_settings.PLAN_ALLOWANCES
    errors: list[CheckMessage] = []
    if not plans:
        hint = 'The first is the one that every new user has: PLAN_ALLOWANCES = {"Free": 100, …}.'
        errors.append(Error("PLAN_ALLOWANCES has no plan.", hint=hint, id="usertokens.E001"))
    errors += [
        Error(
            f"PLAN_ALLOWANCES: {plan} has {tokens!r} tokens.",
            hint="A whole number from 0 to 10^12.",
            id="usertokens.E002",
        )
        for plan, tokens in plans.items()
        if type(tokens) is not int or not 0 <= tokens <= LARGEST_AMOUNT
    ]
    if type(app_settings.GENERATION_COST) is not int or app_settings.GENERATION_COST < 1:
        errors.append(Error("GENERATION_COST is no number of tokens.", hint="At least 1.", id="usertokens.E003"))
    return errors


@register("usertokens")
def check_actions(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Every action of TOKEN_ACTIONS has a name and a price."""
    actions: Any = app_settings.TOKEN_ACTIONS
    if not isinstance(actions, Mapping):
        hint = 'TOKEN_ACTIONS = {"article": 3, "gpt:input": "2/1000"}'
        return [Error("TOKEN_ACTIONS is no dict of prices by action.", hint=hint, id="usertokens.E005")]
    errors: list[CheckMessage] = []
    for action, price in actions.items():
        try:
            parse_price(str(action), price)
        except ValueError as error:
            errors.append(Error(f"TOKEN_ACTIONS: {error}.", id="usertokens.E005"))
    return errors


@register("usertokens", deploy=True)
def check_database(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The accounts in the store are those of this database's users."""
    from usertokens.services.databases import find_foreign_database

    try:
        foreign = find_foreign_database()
    except (DatabaseError, StoreUnavailable):
        return []
    return [foreign_database(foreign)] if foreign else []


def foreign_database(foreign: str) -> CheckMessage:
    """The warning for a store whose accounts belong to the database of the id `foreign`."""
    return Caution(
        f"The accounts in the store belong to the users of another database ({foreign}). A user of this database gets "
        "the tokens of the user there who has the same id.",
        hint=(
            "Bring the other database back, or give this one a store of its own: an empty one, or another KV_PREFIX. "
            "When the users are the same: manage.py usertokens_check --accept-database."
        ),
        id="usertokens.W004",
    )
