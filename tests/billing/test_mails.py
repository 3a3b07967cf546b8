"""Mails about payments: once for each of Stripe's objects, in whatever order and however often its events come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from billing.models import StripeEvent
from billing.services.bills import is_of_stripe
from billing.services.sync import sync_customer
from tests.billing.scenario import Scenario
from tests.usertokens.mailing import Mailbox, mail_server, part
from usertokens.models import OutgoingMail
from usertokens.services.mail_sending import send_mails


@pytest.fixture
def mailbox(scenario: Scenario) -> Iterator[Mailbox]:
    User.objects.filter(pk=scenario.user.pk).update(email="buyer@example.net")
    with mail_server() as found:
        yield found


def send(scenario: Scenario) -> None:
    while send_mails(now=max(scenario.now, datetime.now(UTC)) + timedelta(seconds=1)):
        pass


def kinds() -> list[str]:
    return list(OutgoingMail.objects.order_by("pk").values_list("kind", flat=True))


class TestBuying:
    def test_a_plan(self, scenario: Scenario, mailbox: Mailbox) -> None:
        scenario.buy_plan("Plus")
        scenario.deliver()
        send(scenario)
        assert sorted(mailbox.subjects) == ["Receipt: €9.00 for Plus", "Your plan is now Plus"]
        (receipt,) = [mail for mail in mailbox.mails if "Receipt" in str(mail["Subject"])]
        invoice = next(iter(scenario.stripe.state.of("invoice")))
        assert invoice["hosted_invoice_url"] in part(receipt, "plain")
        assert f'href="{invoice["hosted_invoice_url"]}"' in part(receipt, "html")

    def test_tokens(self, scenario: Scenario, mailbox: Mailbox) -> None:
        session = scenario.buy_tokens(1000)
        scenario.deliver()
        send(scenario)
        (subject,) = mailbox.subjects
        assert subject.startswith("Receipt: €")
        assert subject.endswith(" for 1,000 tokens")
        assert OutgoingMail.objects.get().key == session

    def test_tokens_that_are_not_paid_yet(self, scenario: Scenario, mailbox: Mailbox) -> None:
        scenario.buy_tokens(1000, pays=False)
        scenario.deliver()
        assert kinds() == []

    @pytest.mark.parametrize("seed", range(4))
    def test_events_twice_and_in_any_order(self, scenario: Scenario, mailbox: Mailbox, seed: int) -> None:
        scenario.buy_plan("Plus")
        scenario.buy_tokens(1000)
        events = list(scenario.stripe.state.events) * 2
        random.Random(seed).shuffle(events)
        for event in events:
            scenario.deliver([event])
        sync_customer(scenario.customer)
        send(scenario)
        assert sorted(kinds()) == ["plan_changed", "receipt", "receipt"]
        assert len(mailbox.taken) == 3

    def test_what_was_paid_long_ago_is_no_news(self, scenario: Scenario, mailbox: Mailbox) -> None:
        scenario.buy_plan("Plus")
        with override_settings(TOKEN_MAILS=False):
            scenario.deliver()
        sync_customer(scenario.customer, now=scenario.now + timedelta(days=4))
        assert kinds() == []

    def test_without_mail_everything_takes_effect(self, scenario: Scenario) -> None:
        scenario.buy_plan("Plus")
        scenario.deliver()
        assert (scenario.plan, kinds()) == ("Plus", [])


class TestFailing:
    def failing(self, scenario: Scenario) -> str:
        subscription = scenario.buy_plan("Plus")
        scenario.deliver()
        send(scenario)
        scenario.stripe.actions.renew(subscription, paid=False)
        scenario.deliver()
        return subscription

    def test_says_until_when_the_plan_stays(self, scenario: Scenario, mailbox: Mailbox) -> None:
        self.failing(scenario)
        mailbox.taken.clear()
        send(scenario)
        until = scenario.subscription.grace_until
        assert until is not None
        subject = f"Your payment failed: Plus stays until {until.day} {until:%B} {until.year}"
        (mail,) = [one for one in mailbox.mails if one["Subject"] == subject]
        assert "/invoice/in_" in part(mail, "plain")
        for _ in range(2):  # Stripe tries again: the same invoice
            sync_customer(scenario.customer, now=scenario.now)
            send(scenario)
        assert mailbox.subjects.count(subject) == 1

    def test_what_is_paid_meanwhile_is_not_told(self, scenario: Scenario, mailbox: Mailbox) -> None:
        subscription = self.failing(scenario)
        mailbox.taken.clear()
        scenario.stripe.actions.pay_invoice(scenario.stripe.state.objects[subscription]["latest_invoice"])
        scenario.deliver()
        send(scenario)
        assert [subject.split(":")[0] for subject in mailbox.subjects] == ["Receipt"]

    def test_the_end_of_the_grace(self, scenario: Scenario, mailbox: Mailbox) -> None:
        self.failing(scenario)
        send(scenario)
        mailbox.taken.clear()
        until = scenario.subscription.grace_until
        assert until is not None
        later = until + timedelta(minutes=1)
        sync_customer(scenario.customer, now=later)
        send_mails(now=later)
        (mail,) = mailbox.mails
        assert mail["Subject"] == "Your plan is now Free"
        assert "Plus was not paid for, so your plan is now Free." in part(mail, "plain")


class TestPlan:
    def test_each_change_is_told_once(self, scenario: Scenario, mailbox: Mailbox) -> None:
        subscription = scenario.buy_plan("Plus")
        scenario.deliver()
        send(scenario)
        for price in ("premium_month", "plus_month", "premium_month"):
            scenario.stripe.actions.change_price(subscription, scenario.shop[price])
            for _ in range(2):
                scenario.deliver()
                send(scenario)
        told = [subject for subject in mailbox.subjects if subject.startswith("Your plan")]
        assert told == [f"Your plan is now {plan}" for plan in ("Plus", "Premium", "Plus", "Premium")]

    def test_a_subscription_that_has_ended(self, scenario: Scenario, mailbox: Mailbox) -> None:
        subscription = scenario.buy_plan("Plus")
        scenario.deliver()
        scenario.stripe.actions.end(subscription)
        scenario.deliver()
        send(scenario)
        ended = [mail for mail in mailbox.mails if mail["Subject"] == "Your plan is now Free"]
        assert "Your subscription to Plus has ended" in part(ended[0], "plain")

    def test_a_crash_before_it_is_applied_loses_and_doubles_nothing(
        self, scenario: Scenario, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scenario.buy_plan("Plus")

        def crash(*_: Any, **__: Any) -> bool:
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr("usertokens.services.plans.apply_plan", crash)
            with pytest.raises(RuntimeError):
                sync_customer(scenario.customer)
        assert kinds() == ["plan_changed"]
        sync_customer(scenario.customer)
        send(scenario)
        assert sorted(mailbox.subjects) == ["Receipt: €9.00 for Plus", "Your plan is now Plus"]


def test_a_mail_that_can_not_be_queued_leaves_the_event(
    scenario: Scenario, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.buy_tokens(1000)
    with monkeypatch.context() as patch:
        patch.setattr("usertokens.services.mails.queue_mail", _crash)
        scenario.deliver()
        assert StripeEvent.objects.exclude(state="done").exists()
    assert scenario.balance == 1100
    scenario.stripe.state.now += 600
    scenario.work()
    assert kinds() == ["receipt"]


def _crash(*_: Any, **__: Any) -> bool:
    raise RuntimeError


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://invoice.stripe.com/i/acct_1/x?s=ap", True),
        ("https://pay.stripe.com/receipts/payment/x", True),
        ("http://pay.stripe.com/receipts/x", False),
        ("https://stripe.com.example.net/x", False),
        ("https://examplestripe.com/x", False),
        ("https://user@pay.stripe.com/x", False),
        ("https://pay.stripe.com:8443/x", False),
        ("javascript://pay.stripe.com/%0aalert(1)", False),
        ("https://[pay.stripe.com/x", False),
        ("//pay.stripe.com/x", False),
        ("", False),
    ],
)
def test_only_pages_of_stripes_are_sent_on(address: str, expected: bool, settings: Any) -> None:
    settings.STRIPE_API_BASE = ""
    assert is_of_stripe(address) is expected
