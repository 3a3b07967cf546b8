"""Money and accounts at the same moment: hooks beside the return page, a deletion beside both, one key for many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User

from billing.models import StripeCustomer, StripeEvent
from billing.services import snapshots, sync
from billing.services.effects import REASON_BOUGHT
from billing.services.work import work_due, work_event
from codetags.models import CodeTag
from tests.billing.fixtures import buyer, scenario, shop, stripe
from tests.concurrency.simultaneous import WORKERS, at_once
from tests.site_client import SiteClient
from usertokens.services import accounts, balances, journal

if TYPE_CHECKING:
    from tests.billing.scenario import Scenario

__all__ = ["buyer", "scenario", "shop", "stripe"]

ROUNDS = 3
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(user: User, count: int = WORKERS) -> list[SiteClient]:
    clients = [SiteClient(headers=SAME_SITE) for _ in range(count)]
    for client in clients:
        client.force_login(user)
    return clients


def apply_all() -> None:
    """What is in the inbox, and what was put back because another was at it."""
    later = datetime.now(UTC) + timedelta(minutes=10)
    while work_event(now=later) or work_due(now=later):
        later += timedelta(minutes=10)


def apply_some() -> None:
    """Apply what is due now, as a worker does."""
    while work_event():
        pass


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_the_hook_and_the_return_page_bring_a_purchase_once(turn: int, scenario: Scenario) -> None:
    scenario.buy_plan()
    session = scenario.buy_tokens(1000)
    events = list(scenario.stripe.state.events)
    clients = signed_in(scenario.user)

    def work(number: int) -> int:
        if number % 2:
            return int(clients[number].get(f"/pricing/return?session_id={session}").status_code)
        statuses = {scenario.post(event) for event in events}
        apply_some()
        return max(statuses)

    assert at_once(work) == [200] * WORKERS
    apply_all()
    assert set(scenario.states()) == {"done"}
    assert StripeEvent.objects.count() == len(events)
    assert (scenario.plan, scenario.balance) == ("Plus", 2000)
    entries = journal.list_transactions(scenario.user_id, limit=100).results
    assert [entry.amount for entry in entries if entry.reason == REASON_BOUGHT] == [1000]


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_an_account_deleted_amid_hooks_stays_deleted(turn: int, scenario: Scenario, store: Any) -> None:
    User.objects.filter(pk=scenario.user.pk).update(password="!")  # so that the name is the proof
    scenario.user.refresh_from_db()
    scenario.buy_plan()
    session = scenario.buy_tokens(1000)
    events = list(scenario.stripe.state.events)
    user_id, clients = scenario.user_id, signed_in(scenario.user)

    def work(number: int) -> int:
        if number == 0:
            return int(clients[number].post("/accounts/delete", {"proof": "buyer"}).status_code)
        if number % 2:
            return int(clients[number].get(f"/pricing/return?session_id={session}").status_code)
        statuses = {scenario.post(event) for event in events}
        apply_some()
        return max(statuses)

    deleted, *others = at_once(work)
    assert deleted == 200
    assert set(others) <= {200, 302, 404}, "signed out meanwhile, or without a customer"
    apply_all()
    assert not User.objects.filter(pk=user_id).exists()
    assert {one["status"] for one in scenario.stripe.state.of("subscription")} == {"canceled"}
    assert set(scenario.states()) == {"done"}
    assert not StripeCustomer.objects.filter(user_id=user_id).exists()
    kept = {key for key in store.scan_iter() if f"{{{user_id}}}".encode() in key}
    assert kept <= {f"closed:{{{user_id}}}".encode(), f"billing:{{{user_id}}}:observation".encode()}


def test_an_account_deleted_while_its_state_is_read_keeps_nothing(
    scenario: Scenario, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The critical moment of the test above: Stripe has answered, and nothing is stored yet."""
    scenario.buy_plan()
    scenario.buy_tokens(1000)
    user_id, customer, found = scenario.user_id, scenario.customer, snapshots.fetch_snapshot

    def fetch_snapshot(*args: Any, **named: Any) -> Any:
        seen = found(*args, **named)
        accounts.delete_account(User.objects.get(pk=user_id))
        return seen

    monkeypatch.setattr(sync, "fetch_snapshot", fetch_snapshot)
    sync.sync_customer(customer)
    assert StripeCustomer.objects.get().next_sync_at is None, "it would be read again for ever"
    kept = {key for key in store.scan_iter() if f"{{{user_id}}}".encode() in key}
    assert kept <= {f"closed:{{{user_id}}}".encode(), f"billing:{{{user_id}}}:observation".encode()}


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_an_account_deleted_twice_at_once_is_deleted(turn: int, buyer: User, shop: Any, store: Any) -> None:
    User.objects.filter(pk=buyer.pk).update(password="!")
    buyer.refresh_from_db()
    clients = signed_in(buyer)
    answers = at_once(lambda number: clients[number].post("/accounts/delete", {"proof": "buyer"}).status_code)
    assert set(answers) <= {200, 302}
    assert 200 in answers
    assert not User.objects.exists()


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_the_same_key_spends_once(turn: int, buyer: User, store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None
    clients = signed_in(buyer)
    spend = {"amount": 7, "reason": "article"}
    key = {"Idempotency-Key": f"turn-{turn}"}
    answers = at_once(lambda number: post(clients[number], "/api/tokens/spend", spend, key))
    assert answers == [answers[0]] * WORKERS
    assert answers[0][0] == 200
    assert balances.get_balance(str(buyer.pk)).tokens.balance == 93


def test_no_more_is_spent_than_there_is(buyer: User, store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None
    clients = signed_in(buyer)
    spend = {"amount": 30, "reason": "article"}
    answers = at_once(lambda number: post(clients[number], "/api/tokens/spend", spend, {})[0])
    assert sorted(answers) == [200] * 3 + [402] * 5
    assert balances.get_balance(str(buyer.pk)).tokens.balance == 10


def test_a_hold_ends_once(buyer: User, store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None
    clients = signed_in(buyer)
    _, hold = post(clients[0], "/api/tokens/holds", {"amount": 40, "ttl_seconds": 60, "reason": "article"}, {})
    path, ways = f"/api/tokens/holds/{hold['id']}/", ("capture", "release")
    answers = at_once(lambda number: post(clients[number], path + ways[number % 2], {}, {}))
    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    (ended,) = (body for status, body in answers if status == 200)
    assert ended["balance"] == (100 if "released" in ended else 60)
    assert balances.get_balance(str(buyer.pk)).tokens.balance == ended["balance"]


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_the_same_code_is_registered_once(turn: int, store: Any) -> None:
    """Two clerks write the same code down: the form finds it free for both."""
    chief = User.objects.create_superuser("chief", password="x")
    clients = signed_in(chief)
    form = {"code": "BT26", "label": "Poster", "note": "", "start": "", "end": ""}
    answers = at_once(lambda number: clients[number].post("/admin/codetags/codetag/add/", form).status_code)
    assert CodeTag.objects.count() == 1
    assert answers.count(302) == 1
    assert set(answers) <= {302, 200, 400}


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_wrong_tries_at_once_are_all_counted(turn: int, buyer: User, store: Any) -> None:
    clients = [SiteClient() for _ in range(WORKERS)]
    credentials = {"username": "buyer", "password": "wrong"}
    for _ in range(2):
        answers = at_once(lambda number: clients[number].post("/accounts/login", credentials).status_code)
        assert set(answers) <= {200, 429}
    assert clients[0].post("/accounts/login", {**credentials, "password": "x"}).status_code == 429


def post(client: SiteClient, path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = client.post(path, body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()
