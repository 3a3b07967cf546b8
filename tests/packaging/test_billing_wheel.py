"""`billing` and `usertokens` as somebody else gets them: from the wheel, in a project without the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.stripe_fake import FakeStripe

if TYPE_CHECKING:
    from tests.packaging.conftest import Drive

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(drive: Drive) -> dict[str, Any]:
    """What the project answers; the Stripe it pays at stands here."""
    with FakeStripe() as stripe:
        answers = drive("billing_project", STRIPE_URL=stripe.url, STRIPE_PLUS=stripe.stock()["plus"])
        answers["subscription_left"] = stripe.state.of("subscription")[0]["status"]
    return answers


def test_a_plan_is_bought_and_holds(project: dict[str, Any]) -> None:
    assert (project["pricing"], project["back"]) == (200, 200)
    assert (project["plan"], project["subscription"]) == ("Plus", "active")


def test_the_hook_refuses_what_stripe_did_not_sign(project: dict[str, Any]) -> None:
    assert project["hook"] == 400


def test_the_plain_admin_shows_it(project: dict[str, Any]) -> None:
    assert set(project["admin"].values()) == {200}


def test_deleting_the_user_ends_the_subscription(project: dict[str, Any]) -> None:
    assert (project["left"], project["subscription_left"]) == (0, "canceled")


def test_it_speaks_its_languages(project: dict[str, Any]) -> None:
    assert len(set(project["said"].values())) == 4
