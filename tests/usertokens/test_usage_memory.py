"""What a user takes of the store's memory: nothing new without actions, at most 1.6 kB with ten of them in use."""

from __future__ import annotations

from typing import Any

import pytest

from usertokens import keys
from usertokens.services.activity import create_user_stats
from usertokens.services.balances import get_balance, spend_tokens
from usertokens.services.holds import capture_hold, hold_tokens
from usertokens.services.journal import list_transactions

USER = "1000000"
#: Fractions are left of each, which the account carries on.
ACTIONS = {f"model-{number}:input": "7/1000" for number in range(10)}
BAR = 1600


def bytes_of(store: Any, user_id: str) -> int:
    """What the server says of all the user's keys."""
    found = (store.execute_command("MEMORY", "USAGE", key, "SAMPLES", 0) for key in keys.everything(user_id))
    return sum(size or 0 for size in found)


def entry_values(store: Any, user_id: str) -> list[int]:
    """How many values each entry of the journal has."""
    script = """local found = {} for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
        found[#found + 1] = #{cmsgpack.unpack(entry)} end return found"""
    return list(store.eval(script, 1, keys.journal(user_id)))


@pytest.fixture
def begun(store: Any, settings: Any) -> Any:
    settings.TOKEN_ACTIONS = dict(ACTIONS)
    create_user_stats(USER)
    get_balance(USER)
    return store


def test_ten_actions_in_use(begun: Any) -> None:
    for action in ACTIONS:
        spend_tokens(USER, action=action, quantity=1234)
    size = bytes_of(begun, USER)
    assert len(entry_values(begun, USER)) == 11
    assert size <= BAR, size


def test_an_action_is_written_once(begun: Any) -> None:
    """Without a reason of its own a spend's reason is its action: the journal says it, but has it once."""
    spend_tokens(USER, action="model-0:input", quantity=1234)
    spend_tokens(USER, action="model-0:input", quantity=1234, reason="summary")
    reasons = [entry.reason for entry in list_transactions(USER).results]
    assert reasons[:2] == ["summary", "model-0:input"]
    named = [raw.count(b"model-0:input") for raw in begun.lrange(keys.journal(USER), 0, -1)]
    assert named == [0, 1, 1]


def test_ten_actions_cost_no_key(begun: Any) -> None:
    spend_tokens(USER, 8)
    before = set(begun.keys(f"*{{{USER}}}*"))
    for action in ACTIONS:
        spend_tokens(USER, action=action, quantity=1234)
    assert set(begun.keys(f"*{{{USER}}}*")) == before


def test_without_actions_nothing_is_there_that_was_not(begun: Any) -> None:
    """The fields of an account and the values of an entry as they were before there were actions."""
    for _ in range(5):
        spend_tokens(USER, 3, reason="article")
        held = hold_tokens(USER, 2, ttl_seconds=60)
        capture_hold(USER, held.id, 1)
    fields = {name.decode() for name in begun.hkeys(keys.account(USER))}
    assert fields == {"balance", "entries", "left", "first", "grants", "due", "starts", "ends", "allowance"}
    assert set(entry_values(begun, USER)) == {9, 10}  # the tenth of captures alone: what they used
    assert {key.decode().rpartition("}")[2] for key in begun.keys(f"*{{{USER}}}*")} == {
        ":tokens", ":tokens:journal", ":stats", ":last_login",
    }  # fmt: skip


def test_without_actions_it_is_as_small_as_before(begun: Any) -> None:
    """A user with ten entries takes about a kilobyte: see docs/tokens.md."""
    for _ in range(9):
        spend_tokens(USER, 3, reason="article")
    size = bytes_of(begun, USER)
    assert size <= 1200, size
