"""The admin: customers, inbox, replay, and the notice on the index page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings

from billing.models import StripeEvent
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault

EVENTS, CUSTOMERS = "/admin/billing/stripeevent/", "/admin/billing/stripecustomer/"


@pytest.fixture
def parked(scenario: Scenario) -> Scenario:
    made = scenario.stripe.state.add("cus", "customer")
    scenario.stripe.actions.subscribe(made["id"], scenario.shop["plus_month"], {"user_id": "987654"})
    scenario.deliver()
    return scenario


class TestInbox:
    def test_the_index_says_what_is_parked(self, parked: Scenario, admin_client: Client) -> None:
        text = admin_client.get("/admin/").content.decode()
        assert "2 events from Stripe are parked" in text
        assert f"{EVENTS}?state__exact=parked" in text

    def test_the_index_is_quiet_when_all_is_well(self, scenario: Scenario, admin_client: Client) -> None:
        assert "from Stripe" not in admin_client.get("/admin/").content.decode()

    def test_filters_and_search(self, parked: Scenario, admin_client: Client) -> None:
        for query in ("", "?state__exact=parked", "?q=cus_", "?livemode__exact=0", "?type__exact=invoice.paid"):
            assert admin_client.get(f"{EVENTS}{query}").status_code == 200
        event = StripeEvent.objects.first()
        assert event is not None
        assert admin_client.get(f"{EVENTS}{event.pk}/change/").status_code == 200

    def test_replay(self, parked: Scenario, admin_client: Client) -> None:
        User.objects.create_user("late", id=987654)
        chosen = list(StripeEvent.objects.values_list("pk", flat=True))
        page = admin_client.post(EVENTS, {"action": "replay", "_selected_action": chosen}, follow=True)
        assert "2 events are in the queue again." in page.content.decode()
        parked.work()
        assert parked.states() == {"done": 2}

    def test_nothing_can_be_changed(self, parked: Scenario, admin_client: Client) -> None:
        event = StripeEvent.objects.first()
        assert event is not None
        assert admin_client.get(f"{EVENTS}add/").status_code == 403
        assert admin_client.post(f"{EVENTS}{event.pk}/delete/", {"post": "yes"}).status_code == 403
        assert admin_client.post(f"{EVENTS}{event.pk}/change/", {"state": "done"}).status_code == 403

    def test_replay_is_a_permission_of_its_own(self, parked: Scenario) -> None:
        clerk = User.objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_stripeevent"))
        client = Client()
        client.force_login(clerk)
        assert "Replay the chosen" not in client.get(EVENTS).content.decode()
        client.post(EVENTS, {"action": "replay", "_selected_action": [StripeEvent.objects.first().pk]})  # type: ignore[union-attr] # it is there
        assert parked.states() == {"parked": 2}


class TestCustomers:
    def test_read_from_stripe_now(self, scenario: Scenario, admin_client: Client) -> None:
        scenario.buy_plan()
        url = f"{CUSTOMERS}{scenario.row().pk}/"
        assert "Read from Stripe now" in admin_client.get(f"{url}change/").content.decode()
        page = admin_client.post(f"{url}sync/", follow=True)
        assert "Read from Stripe: Plus." in page.content.decode()
        assert scenario.plan == "Plus"

    def test_it_says_what_went_wrong(self, scenario: Scenario, admin_client: Client) -> None:
        scenario.buy_plan()
        url = f"{CUSTOMERS}{scenario.row().pk}/sync/"
        scenario.stripe.state.faults.append(Fault("GET /v1/subscriptions", 429))
        assert "Stripe: http_429" in admin_client.post(url, follow=True).content.decode()
        with override_settings(STRIPE_SECRET_KEY=""):
            assert "not set up" in admin_client.post(url, follow=True).content.decode()

    def test_only_with_the_permission_and_by_a_form(self, scenario: Scenario) -> None:
        scenario.buy_plan()
        clerk = User.objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_stripecustomer"))
        client = Client()
        client.force_login(clerk)
        url = f"{CUSTOMERS}{scenario.row().pk}/"
        assert "Read from Stripe now" not in client.get(f"{url}change/").content.decode()
        asked = len(scenario.stripe.state.requests)
        client.post(f"{url}sync/")
        client.get(f"{url}sync/")
        assert len(scenario.stripe.state.requests) == asked

    def test_the_list(self, scenario: Scenario, admin_client: Client) -> None:
        scenario.buy_plan()
        assert admin_client.get(f"{CUSTOMERS}?q=buyer").status_code == 200
