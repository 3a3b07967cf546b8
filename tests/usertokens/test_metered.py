"""`@spends` by action, and holds in a block by action: what was really used is paid."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import Client

from tests.usertokens.test_spends import JSON, body, tokens
from usertokens.errors import InsufficientTokens
from usertokens.services import ahold, hold, list_transactions, report_use, spend_tokens, spends

pytestmark = [
    pytest.mark.own_loop,
    pytest.mark.django_db,
    pytest.mark.urls("tests.usertokens.metered_urls"),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning"),
]
KINDS = ("plain", "async", "drf", "stream", "async-stream")


@pytest.fixture(autouse=True)
def _actions(settings: Any) -> None:
    settings.TOKEN_ACTIONS = {"word": "1/2"}


def get(payer: Client, address: str) -> Any:
    """The response, read to its end."""
    response: Any = payer.get(address, headers=JSON)
    body_of = list(response) if response.streaming else body(response)
    assert body_of
    return response


class TestViews:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(("query", "left"), [("", 90), ("?used=6", 97), ("?used=31", 85), ("?used=0", 100)])
    def test_what_was_used_is_paid(self, payer: Client, user: User, kind: str, query: str, left: int) -> None:
        assert get(payer, f"/{kind}{query}").status_code == 200
        assert tokens(user) == (left, 0)
        newest = list_transactions(str(user.pk), limit=1).results[0]
        used = query.partition("=")[2] or "20"
        if used != "0":
            assert (newest.type, newest.action, newest.quantity) == ("capture", "word", int(used))

    def test_one_unit_is_carried_on(self, payer: Client, user: User) -> None:
        left = []
        for _ in range(4):
            get(payer, "/one")
            left.append(tokens(user)[0])
        assert left == [100, 99, 99, 98]

    @pytest.mark.parametrize("kind", ["plain", "async", "drf"])
    def test_more_than_there_is_is_refused_before_it_is_sent(self, payer: Client, user: User, kind: str) -> None:
        answer = payer.get(f"/{kind}?used=202", headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_tokens")
        assert tokens(user) == (100, 0)

    @pytest.mark.parametrize("kind", ["stream", "async-stream"])
    def test_of_a_stream_what_is_on_hold_is_taken(
        self, payer: Client, user: User, kind: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        get(payer, f"/{kind}?used=202")
        assert tokens(user) == (90, 0)
        assert "20 of word" in caplog.text

    def test_a_stream_that_breaks_is_free(self, payer: Client, user: User) -> None:
        response: Any = payer.get("/stream?used=6&raise=1")
        with pytest.raises(ZeroDivisionError):
            list(response)
        assert tokens(user) == (100, 0)

    @pytest.mark.parametrize(("query", "left"), [("", 93), ("?tokens=9", 91), ("?tokens=2", 98), ("?tokens=0", 100)])
    def test_an_amount_stays_an_amount(self, payer: Client, user: User, query: str, left: int) -> None:
        get(payer, f"/tokens{query}")
        assert tokens(user) == (left, 0)

    def test_a_key_pays_once_whatever_was_used(self, payer: Client, user: User) -> None:
        for used in (6, 8):
            payer.get(f"/plain?used={used}", headers={**JSON, "Idempotency-Key": f"k{used}"})
            payer.get(f"/plain?used={used}", headers={**JSON, "Idempotency-Key": f"k{used}"})
        assert tokens(user) == (93, 0)

    def test_units_by_a_function(self, payer: Client, user: User) -> None:
        get(payer, "/async?expected=0")
        assert tokens(user) == (100, 0)
        get(payer, "/async?expected=9")
        assert tokens(user) == (96, 0)

    def test_too_few_run_nothing(self, payer: Client, user: User) -> None:
        spend_tokens(str(user.pk), 95)
        assert payer.get("/plain", headers=JSON).status_code == 402
        assert tokens(user) == (5, 0)

    def test_an_action_without_a_price_costs_a_generation(self, payer: Client, user: User, settings: Any) -> None:
        settings.TOKEN_ACTIONS = {}
        get(payer, "/one")
        assert tokens(user) == (97, 0)


def test_what_makes_no_sense() -> None:
    with pytest.raises(TypeError, match="one of"):
        spends("word", amount=3, quantity=2)
    for quantity in (0, -1, True, 1.5, 10**13):
        with pytest.raises(ValueError, match="quantity"):
            spends("word", quantity=quantity)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(ValueError, match="decorates"):
        report_use(HttpRequest(), quantity=1)


class TestBlocks:
    def test_a_quantity_is_captured(self, user: User, store: Any) -> None:
        with hold(str(user.pk), action="word", quantity=20) as held:
            assert (held.amount, held.action, held.quantity, tokens(user)) == (10, "word", 20, (90, 10))
            with pytest.raises(InsufficientTokens):
                held.capture(quantity=202)
            assert tokens(user) == (90, 10)
            assert held.capture(quantity=41).amount == 20
        assert tokens(user) == (80, 0)

    def test_a_block_without_a_capture_costs_nothing(self, user: User, store: Any) -> None:
        with hold(str(user.pk), action="word", quantity=20):
            pass
        assert tokens(user) == (100, 0)

    async def hold_async(self, user_id: str) -> int:
        async with ahold(user_id, action="word", quantity=20) as held:
            return (await held.capture(quantity=8)).amount

    def test_in_async_code(self, user: User, store: Any) -> None:
        import asyncio

        assert asyncio.run(self.hold_async(str(user.pk))) == 4
        assert tokens(user) == (96, 0)
