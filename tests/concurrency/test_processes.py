"""The same thing at the same moment by several processes, as workers of a site are: each with nothing shared in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

from billing.models import StripeEvent
from codetags.models import DailyHits
from codetags.services.hits import record_hit
from tests.concurrency.simultaneous import PROCESSES, processes_at_once
from tests.concurrency.task import SECRET
from usertokens.services import balances

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("store")]


def test_the_same_hook_is_written_down_once(tmp_path: Path) -> None:
    answers = processes_at_once("hook", tmp_path, STRIPE_SECRET_KEY="sk_test_two", STRIPE_WEBHOOK_SECRET=SECRET)
    assert answers == [200] * PROCESSES
    assert StripeEvent.objects.count() == 1


def test_the_same_rollup_writes_each_row_once(tmp_path: Path) -> None:
    for number in range(40):
        record_hit(code=f"CO{number % 10:02}", address=f"198.51.100.{number}", agent="Firefox")
    assert processes_at_once("rollup", tmp_path) == ["done"] * PROCESSES
    assert sorted(DailyHits.objects.values_list("count", flat=True)) == [4] * 10


def test_the_same_name_signs_up_once(tmp_path: Path) -> None:
    answers = processes_at_once("signup", tmp_path)
    assert sorted(answers) == [200] * (PROCESSES - 1) + [302]
    assert User.objects.filter(username="ada").count() == 1


def test_the_same_key_spends_once(tmp_path: Path) -> None:
    before = balances.get_balance("test-user-id").tokens.balance
    answers: list[Any] = processes_at_once("spend", tmp_path)
    assert answers == [answers[0]] * PROCESSES
    assert balances.get_balance("test-user-id").tokens.balance == before - 3
