"""A choice that is made signed out, left at Stripe, or made twice: it is kept, and it is one checkout."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import translation

from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault

PASSWORD = "a very good password"
HERE = {"Sec-Fetch-Site": "same-origin"}
CHOICES: list[dict[str, Any]] = [
    {"plan": "Plus", "interval": "year"},
    {"plan": "Premium", "interval": "month"},
    {"topup": "5000"},
]


@pytest.fixture
def stranger(scenario: Scenario) -> Client:
    return Client(headers=HERE)


def sessions(scenario: Scenario, status: str = "open") -> list[Any]:
    return [one for one in scenario.stripe.state.of("checkout.session") if one["status"] == status]


def is_chosen(scenario: Scenario, choice: dict[str, str]) -> bool:
    """Whether the one open checkout is for this choice."""
    [session] = sessions(scenario)
    [line] = session["_"]["lines"]
    name = f"topup_{choice['topup']}" if "topup" in choice else f"{choice['plan'].lower()}_{choice['interval']}"
    return bool(line["price"] == scenario.shop[name])


class TestSignedOut:
    @pytest.mark.parametrize("choice", CHOICES, ids=str)
    @pytest.mark.parametrize("prefix", ["", "/fr"])
    def test_it_ends_at_the_checkout_after_a_log_in(
        self, stranger: Client, scenario: Scenario, choice: dict[str, str], prefix: str
    ) -> None:
        User.objects.create_user("later", password=PASSWORD)
        asked = stranger.post(f"{prefix}/pricing/checkout", choice)
        page = stranger.get(asked["Location"])
        assert (page.status_code, bool(page.cookies.keys() - {"csrftoken"})) == (200, False)
        wrong = stranger.post(asked["Location"], {"username": "later", "password": "wrong"})
        assert wrong.status_code == 200
        form = {"username": "later", "password": PASSWORD, "next": wrong.context["next"]}
        answer = stranger.post(f"{prefix}/accounts/login", form, follow=True)
        assert "checkout" in answer.content.decode()
        assert is_chosen(scenario, choice)
        assert sessions(scenario)[0]["client_reference_id"] == str(User.objects.get(username="later").pk)

    @pytest.mark.parametrize("choice", CHOICES, ids=str)
    def test_and_after_a_sign_up(self, stranger: Client, scenario: Scenario, choice: dict[str, str]) -> None:
        asked = stranger.post("/pricing/checkout", choice)["Location"]
        text = stranger.get(asked).content.decode()
        target = next(part for part in text.split('"') if part.startswith("/accounts/signup?"))
        query = parse_qs(urlsplit(target).query)
        form = {"username": "newcomer", "password1": PASSWORD, "password2": PASSWORD, "next": query["next"][0]}
        answer = stranger.post("/accounts/signup", form, follow=True)
        assert 'content="0;url=' in answer.content.decode()
        assert is_chosen(scenario, choice)

    def test_what_must_be_said_before_one_pays_is_said_on_the_way(
        self, stranger: Client, scenario: Scenario, without_mail: None
    ) -> None:
        target = stranger.post("/pricing/checkout", {"plan": "Plus", "interval": "month"})["Location"]
        back = parse_qs(urlsplit(target).query)["next"][0]
        form = {"username": "newcomer", "password1": "a good password", "password2": "a good password", "next": back}
        assert stranger.post("/accounts/signup", form)["Location"] == back
        page = stranger.get(back, headers={"Sec-Fetch-Site": "same-origin"}).content.decode()
        assert "/accounts/recovery-codes" in page
        assert scenario.stripe.state.of("checkout.session") == []

    def test_who_is_logged_in_meanwhile_goes_on(self, scenario: Scenario, browser_client: Client) -> None:
        """Another tab has logged in: neither of the two pages may lose the choice."""
        way_back = "/pricing/checkout?" + urlencode({"topup": "1000"})
        for page in ("login", "signup"):
            answer = browser_client.get(f"/accounts/{page}", {"next": way_back})
            assert (answer.status_code, answer["Location"]) == (302, way_back), page

    def test_what_is_not_for_sale_leads_to_the_prices(self, stranger: Client) -> None:
        for form in ({"plan": "Gold"}, {"plan": "Plus", "interval": "week"}, {"topup": "7"}, {"topup": "x"}, {}):
            assert stranger.post("/pricing/checkout", form)["Location"].endswith("?next=/pricing"), form
            query = urlencode(form)
            assert stranger.get(f"/pricing/checkout?{query}")["Location"] == "/pricing", form

    @pytest.mark.parametrize(
        "query",
        ["plan=Plus&interval=//evil.example", "plan=https://evil.example",
         "topup=%0d%0aSet-Cookie:a=b", "topup=\uff11\uff10\uff10\uff10",
         "plan=Plus%00", "topup=-1000", "topup=1e3", "next=//evil.example"],
    )  # fmt: skip
    def test_nothing_else_is_carried(self, stranger: Client, scenario: Scenario, query: str) -> None:
        assert stranger.get(f"/pricing/checkout?{query}")["Location"] == "/pricing"
        client = Client(headers=HERE)
        client.force_login(scenario.user)
        assert client.get(f"/pricing/checkout?{query}")["Location"] == "/pricing"
        assert not sessions(scenario)


class TestWayBack:
    ADDRESS = "/pricing/checkout?plan=Plus&interval=year"

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
    def test_from_elsewhere_it_asks_first(self, scenario: Scenario, site: str | None) -> None:
        client = Client(headers={"Sec-Fetch-Site": site} if site else {})
        client.force_login(scenario.user)
        page = client.get(self.ADDRESS)
        assert (page.status_code, page["Cache-Control"]) == (200, "private, no-store")
        assert "€90.00 a year" in page.content.decode()
        assert not sessions(scenario)

    def test_the_back_button_does_not_lead_on_again(self, scenario: Scenario, browser_client: Client) -> None:
        assert "0;url=" in browser_client.get(self.ADDRESS).content.decode()
        page = browser_client.get(self.ADDRESS).content.decode()
        assert "0;url=" not in page
        assert "Continue to payment" in page
        assert len(sessions(scenario)) == 1
        again = browser_client.post("/pricing/checkout", {"plan": "Plus", "interval": "year"}).content.decode()
        assert f'content="0;url={sessions(scenario)[0]["url"]}"' in again

    def test_not_set_up(self, scenario: Scenario, browser_client: Client) -> None:
        with override_settings(STRIPE_SECRET_KEY=""):
            assert browser_client.get(self.ADDRESS).status_code == 503


class TestOneCheckout:
    @pytest.mark.parametrize("choice", CHOICES, ids=str)
    def test_the_same_form_again_is_the_same_checkout(
        self, scenario: Scenario, browser_client: Client, choice: dict[str, str]
    ) -> None:
        for _ in range(3):
            assert browser_client.post("/pricing/checkout", choice).status_code == 200
        assert len(scenario.stripe.state.of("checkout.session")) == 1

    @pytest.mark.parametrize("end", ["complete", "expire"])
    def test_a_finished_one_is_not_used_again(self, scenario: Scenario, browser_client: Client, end: str) -> None:
        for _ in range(3):
            browser_client.post("/pricing/checkout", {"topup": "1000"})
            getattr(scenario.stripe.actions, end)(sessions(scenario)[0]["id"])
        assert len(scenario.stripe.state.of("checkout.session")) == 3

    def test_another_language_or_amount_is_another_one(self, scenario: Scenario, browser_client: Client) -> None:
        for path, topup in (("", "1000"), ("/fr", "1000"), ("", "5000")):
            browser_client.post(f"{path}/pricing/checkout", {"topup": topup})
        assert len(sessions(scenario)) == 3

    def test_one_that_ends_soon_is_not_used(self, scenario: Scenario, browser_client: Client) -> None:
        browser_client.post("/pricing/checkout", {"topup": "1000"})
        sessions(scenario)[0]["expires_at"] -= 24 * 3600 - 60
        browser_client.post("/pricing/checkout", {"topup": "1000"})
        assert len(sessions(scenario)) == 2

    def test_of_two_plans_one_stays_open(self, scenario: Scenario, browser_client: Client) -> None:
        for plan in ("Plus", "Premium", "Plus"):
            browser_client.post("/pricing/checkout", {"plan": plan})
            assert len(sessions(scenario)) == 1
        assert len(sessions(scenario, "expired")) == 2

    def test_an_answer_that_was_lost(self, scenario: Scenario, browser_client: Client) -> None:
        browser_client.get("/pricing")
        scenario.stripe.state.faults.append(Fault("POST /v1/checkout/sessions", 502, applied=True))
        assert browser_client.post("/pricing/checkout", {"topup": "1000"}).status_code == 503
        assert browser_client.post("/pricing/checkout", {"topup": "1000"}).status_code == 200
        assert len(sessions(scenario)) == 1

    def test_a_failure_that_stripe_keeps_for_a_day(self, scenario: Scenario, browser_client: Client) -> None:
        browser_client.get("/pricing")
        scenario.stripe.state.faults.append(Fault("POST /v1/checkout/sessions", 500))
        assert browser_client.post("/pricing/checkout", {"topup": "1000"}).status_code == 503
        assert browser_client.post("/pricing/checkout", {"topup": "1000"}).status_code == 200

    def test_a_double_click_waits_for_the_first(
        self, scenario: Scenario, browser_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser_client.post("/pricing/portal")
        keys: set[str] = scenario.stripe.state.in_flight
        turns: list[float] = []

        class Busy(set[str]):
            def __contains__(self, key: object) -> bool:
                return (not turns and str(key).startswith("checkout-")) or super().__contains__(key)

        monkeypatch.setattr(scenario.stripe.state, "in_flight", Busy(keys))
        monkeypatch.setattr("billing.services.sessions.time.sleep", turns.append)
        assert browser_client.post("/pricing/checkout", {"topup": "1000"}).status_code == 200
        assert len(turns) == 1


class TestCancelled:
    @pytest.mark.parametrize("choice", CHOICES, ids=str)
    def test_the_choice_is_still_there(
        self, scenario: Scenario, browser_client: Client, choice: dict[str, str]
    ) -> None:
        browser_client.post("/de/pricing/checkout", choice)
        url = urlsplit(sessions(scenario)[0]["cancel_url"])
        page = Client().get(f"{url.path}?{url.query}")
        assert url.path == "/de/pricing/cancelled"
        assert page["Cache-Control"] == "private, no-store"
        for name, value in choice.items():
            assert f'name="{name}" value="{value}"' in page.content.decode()

    def test_of_nothing(self, scenario: Scenario) -> None:
        page = Client().get("/pricing/cancelled?plan=Gold")
        assert page.status_code == 200
        assert "<form" not in page.content.decode().split("<main")[1].split("</main")[0]

    def test_while_stripe_is_away(self, scenario: Scenario) -> None:
        scenario.stripe.state.faults.append(Fault("GET /v1/prices", 500, times=9))
        assert Client().get("/pricing/cancelled?plan=Plus&interval=year").status_code == 200

    def test_an_unfinished_checkout_is_no_thank_you(self, scenario: Scenario, browser_client: Client) -> None:
        browser_client.post("/pricing/checkout", {"topup": "1000"})
        answer = browser_client.get("/pricing/return", {"session_id": sessions(scenario)[0]["id"]})
        assert answer["Location"] == "/pricing/cancelled?topup=1000"

    def test_an_expired_one(self, scenario: Scenario, browser_client: Client) -> None:
        browser_client.post("/pricing/checkout", {"plan": "Plus", "interval": "year"})
        session = scenario.stripe.actions.expire(sessions(scenario)[0]["id"])
        page = browser_client.get("/pricing/return", {"session_id": session["id"]}).content.decode()
        assert "has expired" in page
        assert "€90.00 a year" in page

    def test_a_slow_payment_that_failed(self, scenario: Scenario, browser_client: Client) -> None:
        session = scenario.buy_tokens(pays=False)
        assert "on its way" in browser_client.get("/pricing/return", {"session_id": session}).content.decode()
        scenario.stripe.actions.settle(session, paid=False)
        page = browser_client.get("/pricing/return", {"session_id": session}).content.decode()
        assert "The payment failed" in page
        assert 'name="topup" value="1000"' in page
        assert scenario.balance == 100


class TestLateHook:
    """The page claims nothing that is not there yet, and looks again by itself."""

    def test_it_looks_again_and_stops(self, scenario: Scenario, browser_client: Client) -> None:
        session = scenario.buy_tokens()
        scenario.stripe.state.faults.append(Fault("GET /v1/checkout/sessions", 503, times=99))
        address, looks = f"/pricing/return?session_id={session}", 0
        while True:
            page = browser_client.get(address)
            text = page.content.decode()
            assert "are paid for" not in text
            if "Refresh" not in page.headers:
                break
            seconds, _, address = page.headers["Refresh"].partition("; url=")
            assert 1 < int(seconds) < 15
            assert "http-equiv" not in text
            looks += 1
        assert looks == 8
        assert "longer than usual" in text
        scenario.stripe.state.faults.clear()
        assert "1,000 tokens are paid for" in browser_client.get(address).content.decode()

    @pytest.mark.parametrize("look", ["-1", "x", "99999999999999999999", "", "\uff11"])
    def test_a_number_that_is_none(self, scenario: Scenario, browser_client: Client, look: str) -> None:
        scenario.stripe.state.faults.append(Fault("GET /v1/checkout/sessions", 503, times=9))
        page = browser_client.get("/pricing/return", {"session_id": "cs_1", "look": look})
        assert page.status_code == 200
        assert "Refresh" not in page.headers

    def test_what_one_has_now(self, scenario: Scenario, browser_client: Client) -> None:
        browser_client.post("/pricing/checkout", {"plan": "Plus", "interval": "year"})
        session = scenario.stripe.actions.complete(sessions(scenario)[0]["id"])
        page = browser_client.get("/pricing/return", {"session_id": session["id"]}).content.decode()
        assert "Your plan is Plus." in page
        assert "1,000" in page
        with translation.override("en"):
            assert f"{scenario.subscription.period_end:%Y}" in page


def test_many_clicks_at_once_make_one_checkout(scenario: Scenario) -> None:
    """Straight at Stripe: our database in memory takes no parallel requests."""
    from billing.services.sessions import open_session

    params = {
        "mode": "payment", "customer": scenario.customer,
        "line_items": [{"price": scenario.shop["topup_1000"], "quantity": 1}],
        "success_url": "http://testserver/done", "cancel_url": "http://testserver/left", "metadata": {"user_id": "1"},
    }  # fmt: skip
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(open_session(dict(params)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == len(scenario.stripe.state.of("checkout.session")) == 1
