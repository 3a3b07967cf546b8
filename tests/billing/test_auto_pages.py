"""The pages, mails and admin of automatic top-up."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from billing.services.auto_letters import _TEXTS, AUTOMATIC
from kv.models import EventReceiver, OutgoingEvent
from tests.billing import automatic as auto
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault
from usertokens.models import OutgoingMail

pytestmark = pytest.mark.django_db

PAGE = "/pricing/auto-topup"


def text(response: Any) -> str:
    return str(response.content.decode())


def test_from_the_form_to_a_saved_card_and_off(scenario: Scenario, browser_client: Client) -> None:
    assert "Automatic top-up" in text(browser_client.get("/dashboard"))
    assert browser_client.get(PAGE).status_code == 200
    wrong = browser_client.post(PAGE, {"threshold": "x", "topup": "1000", "cap": "4.99"})
    assert wrong.status_code == 400
    assert "One top-up costs" in text(wrong)
    onward = browser_client.post(PAGE, {"threshold": "50", "topup": "1000", "cap": "20,00"})
    assert "/checkout/" in text(onward)
    session = scenario.stripe.state.of("checkout.session")[0]["id"]
    scenario.stripe.actions.complete(session)
    back = browser_client.get(f"/pricing/return?session_id={session}", follow=True)
    assert back.redirect_chain[-1][0] == f"{PAGE}?saved=1"
    assert "visa 4242" in text(back)
    assert auto.settings_of(scenario).monthly_cap == 2000
    off = browser_client.post(f"{PAGE}/off", follow=True)
    assert (off.status_code, auto.status(scenario)) == (200, "off")


@pytest.mark.parametrize(("language", "cap"), [("", "25.00"), ("/fr", "25,00"), ("/de", "25,00"), ("/es", "25,00")])
def test_the_cap_is_shown_and_read_as_the_language_writes_it(
    scenario: Scenario, browser_client: Client, language: str, cap: str
) -> None:
    assert f'value="{cap}"' in text(browser_client.get(language + PAGE))
    wrong = text(browser_client.post(language + PAGE, {"threshold": "50", "topup": "1000", "cap": "ten"}))
    assert cap.replace("25", "50") in wrong
    browser_client.post(language + PAGE, {"threshold": "50", "topup": "1000", "cap": cap.replace("25", "30")})
    assert auto.settings_of(scenario).monthly_cap == 3000


@pytest.mark.parametrize("path", ["", "/card", "/confirm"])
def test_where_nothing_is_sold_it_says_so(scenario: Scenario, browser_client: Client, settings: Any, path: str) -> None:
    settings.STRIPE_SECRET_KEY = ""
    for answer in (browser_client.get(PAGE + path), browser_client.post(PAGE + path)):
        assert answer.status_code == 503
        assert "Nothing was bought" not in text(answer)
        assert "It is not available: this site sells nothing yet." in text(answer)


def test_no_card_can_be_saved_just_now(scenario: Scenario, browser_client: Client) -> None:
    auto.set_up(scenario)
    scenario.stripe.state.faults.append(Fault("POST /v1/checkout/sessions", 503, times=9))
    answer = browser_client.get(f"{PAGE}/card")
    assert answer.status_code == 503
    assert "Nothing was charged" in text(answer)
    assert f'href="{PAGE}"' in text(answer)


@pytest.mark.parametrize("language", ["", "/fr", "/de", "/es"])
def test_a_payment_to_confirm(scenario: Scenario, browser_client: Client, language: str) -> None:
    auto.set_up(scenario, card="authenticate")
    auto.fall(scenario)
    auto.charge(scenario)
    assert f"{language}{PAGE}/confirm" in text(browser_client.get(f"{language}/dashboard"))
    shown = browser_client.get(f"{language}{PAGE}/confirm")
    assert shown.status_code == 200
    assert auto.paid(scenario) == []
    assert "/authenticate/" in text(browser_client.post(f"{language}{PAGE}/confirm"))
    scenario.stripe.actions.authenticate(auto.payments(scenario)[0]["id"])
    assert browser_client.get("/pricing/return").status_code == 302
    assert auto.states(scenario) == ["succeeded"]
    assert browser_client.get(f"{language}{PAGE}/confirm").status_code == 302


@pytest.mark.parametrize("path", ["", "/card", "/confirm"])
def test_who_is_not_logged_in_comes_back(scenario: Scenario, path: str) -> None:
    response = Client().get(PAGE + path)
    assert response.status_code == 302
    assert response.headers["Location"].endswith(f"next={PAGE}{path}")


def test_another_site_s_form_changes_nothing(scenario: Scenario) -> None:
    auto.set_up(scenario)
    client = Client(headers={"Sec-Fetch-Site": "cross-site"})
    client.force_login(scenario.user)
    for path in ("", "/off", "/confirm"):
        assert client.post(PAGE + path).status_code == 403
    assert auto.status(scenario) == "ready"


def test_staff_see_and_stop_it(scenario: Scenario, admin_client: Client) -> None:
    auto.set_up(scenario)
    auto.fall(scenario)
    auto.charge(scenario)
    row = auto.settings_of(scenario)
    for path in ("autotopup/", f"autotopup/{row.pk}/change/", "automaticcharge/"):
        assert admin_client.get(f"/admin/billing/{path}").status_code == 200
    response = admin_client.post(f"/admin/billing/autotopup/{row.pk}/stop/", {"of_user": "1"}, follow=True)
    assert (response.status_code, auto.settings_of(scenario).off_reason) == (200, "staff")
    assert "Let the user switch it on again" in text(response)
    admin_client.post(f"/admin/billing/autotopup/{row.pk}/stop/", {"allow": "1"})
    assert (auto.settings_of(scenario).off_reason, auto.status(scenario)) == ("", "off")


def test_staff_stop_it_before_it_is_set_up(scenario: Scenario, admin_client: Client, browser_client: Client) -> None:
    page = f"/admin/usertokens/tokenledger/{scenario.user.pk}/"
    assert "Stop automatic top-up" in text(admin_client.get(page))
    stop = "/admin/billing/autotopup/0/stop/"
    answer = admin_client.post(stop, {"of_user": scenario.user_id}, follow=True)
    assert answer.redirect_chain[-1][0] == page
    assert "Let the user switch it on again" in text(answer)
    assert browser_client.post(PAGE, {"threshold": "50", "topup": "1000", "cap": "20"}).status_code == 409
    assert not auto.settings_of(scenario).is_on
    assert admin_client.post(stop, {"of_user": "nobody"}).status_code == 302
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("what", sorted(_TEXTS))
def test_every_mail_is_written(scenario: Scenario, what: str) -> None:
    data = {"what": what, "tokens": 1000, "cents": 500, "currency": "EUR"}
    letter = AUTOMATIC.write(data)
    assert letter.subject
    assert letter.action[1].startswith(("http", "/"))


def test_events_out_once_each(scenario: Scenario) -> None:
    types = [f"topup.automatic.{one}" for one in ("succeeded", "failed", "action_required")]
    EventReceiver.objects.create(
        name="x", url="https://example.com/", types=types, secret="whsec_dGVzdHRlc3R0ZXN0dGVzdA=="
    )
    auto.set_up(scenario)
    for card in ("good", "declined", "authenticate"):
        auto.set_card(scenario, card)
        auto.fall(scenario)
        auto.charge(scenario)
    scenario.deliver()
    sent = list(OutgoingEvent.objects.filter(type__startswith="topup.").order_by("pk").values_list("type", flat=True))
    assert sent == [types[0], types[1], types[2]]
    assert not OutgoingMail.objects.exists()  # mails are off here
