"""Prices by action in what else happens to an account: races, exports, backups, deletion, services."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from rest_framework.test import APIClient

from kv.store.numbers import LARGEST_WHOLE
from tests.usertokens.test_api_tokens import post
from usertokens import keys
from usertokens.errors import AccountClosed, InsufficientTokens
from usertokens.services import accounts, balances, holds
from usertokens.services.audits import check_ledgers
from usertokens.services.exports import export_user
from usertokens.services.prices import read_fractions

pytestmark = [pytest.mark.django_db]

USER = "17"


@pytest.fixture(autouse=True)
def _actions(settings: Any, store: Any) -> None:
    settings.TOKEN_ACTIONS = {"article": 3, "tiny": "3/10", "dear": 10**9}
    settings.PLAN_ALLOWANCES = {"Free": 1000}


def test_racing_spends_lose_no_fraction() -> None:
    with ThreadPoolExecutor(8) as pool:
        spent = list(pool.map(lambda _: balances.spend_tokens(USER, action="tiny").amount, range(1000)))
    assert (sum(spent), balances.get_balance(USER).tokens.balance) == (300, 700)
    assert check_ledgers([USER])[0].problems == ()


def test_an_export_has_the_fractions() -> None:
    balances.spend_tokens(USER, action="tiny")
    exported = export_user(USER)
    assert exported["fractions"] == {"tiny": "3/10"}
    entries = list(exported["transactions"])
    assert [(entry["action"], entry["quantity"]) for entry in entries if entry["type"] == "spend"] == [("tiny", 1)]
    assert export_user("18")["fractions"] == {}


def test_a_backup_keeps_fractions_and_holds(store: Any, tmp_path: Path) -> None:
    balances.spend_tokens(USER, action="tiny", quantity=3)
    hold = holds.hold_tokens(USER, action="article", quantity=2, ttl_seconds=86400)
    call_command("kv_backup", str(tmp_path / "file"))
    store.flushall()
    call_command("kv_restore", str(tmp_path / "file"), "--yes")
    assert read_fractions(USER) == {"tiny": "9/10"}
    assert balances.spend_tokens(USER, action="tiny").amount == 1
    assert holds.capture_hold(USER, hold.id, quantity=3).amount == 9
    assert check_ledgers([USER])[0].problems == ()


def test_a_closed_account_spends_nothing() -> None:
    balances.spend_tokens(USER, action="tiny")
    accounts.forget_user(USER)
    for ask in (
        lambda: balances.spend_tokens(USER, action="tiny"),
        lambda: balances.record_generation(USER, action="tiny"),
        lambda: holds.hold_tokens(USER, action="tiny", ttl_seconds=60),
    ):
        with pytest.raises(AccountClosed):
            ask()
    assert read_fractions(USER) == {}


def test_what_no_balance_pays_is_a_number_for_every_client() -> None:
    with pytest.raises(InsufficientTokens) as caught:
        balances.spend_tokens(USER, action="dear", quantity=10**12)
    assert (caught.value.balance, caught.value.required) == (1000, LARGEST_WHOLE)


def test_a_service_spends_by_action(user: User, permitted: Callable[..., APIClient]) -> None:
    service = permitted("act_for_any")
    body = {"action": "article", "quantity": 2, "userId": str(user.pk)}
    first = post(service, "tokens/spend", body, key="k").json()
    assert (first["spent"], first["action"], first["quantity"], first["balance"]) == (6, "article", 2, 994)
    assert post(service, "tokens/spend", body, key="k").json() == first
    hold = post(service, "tokens/holds", {**body, "ttl_seconds": 60}).json()
    assert post(service, f"tokens/holds/{hold['id']}/capture", {"quantity": 5}).json()["captured"] == 15


def test_ten_actions_take_few_bytes(store: Any, settings: Any) -> None:
    """The account stays packed, with the longest names and the largest parts of a token."""
    names = [f"{number}{'x' * 49}" for number in range(10)]
    settings.TOKEN_ACTIONS = dict.fromkeys(names, "1/999983")
    balances.spend_tokens(USER, 1)
    before = store.memory_usage(keys.account(USER))
    for name in names:
        balances.spend_tokens(USER, action=name, quantity=999_900)
    assert len(read_fractions(USER)) == 10
    assert store.object("encoding", keys.account(USER)) == b"listpack"
    assert store.memory_usage(keys.account(USER)) - before < 1000
