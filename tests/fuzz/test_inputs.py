"""Whatever a stranger says in headers, cookies and the hook's body: an answer below 500, and nothing that grows."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

import pytest
from django.test import RequestFactory, override_settings
from hypothesis import example, given
from hypothesis import strategies as st

from billing.models import StripeEvent
from billing.services.events import RELEVANT
from billing.services.work import work_event
from billing.types import EventState
from codetags.services.codes import read_remembered
from codetags.services.consent import read_choice
from codetags.services.cookies import CHOICE_COOKIE, optional_categories, policy_version
from codetags.types import NECESSARY
from kv.web.addresses import client_address
from tests.billing.scenario import SECRET
from tests.fuzz.depth import examples
from tests.site_client import SiteClient
from tests.stripe_fake import signed

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
often = examples(150)
#: What a header may hold when the web server hands it on: any byte but those that end it, read as Latin-1.
headers = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300)
addresses = st.ip_addresses().map(str) | st.ip_addresses(v=4).map(lambda a: f"{a}:80") | st.just("[2001:db8::1]:443")
forwarded = st.lists(addresses | headers | st.just("unknown"), max_size=6).map(",".join)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["evt_1", "cus_1", "", "x" * 300, "cus_\x00", "../customers", "é"])
things = st.fixed_dictionaries(
    {"id": names | values},
    optional={"object": st.sampled_from(["customer", "charge", "refund"]) | values, "customer": names | values},
)
#: What has an event's shape, with anything in some of its places.
events = st.fixed_dictionaries(
    {
        "object": st.just("event"),
        "id": names | values,
        "type": st.sampled_from(RELEVANT) | names,
        "created": st.integers(0, 2**33) | values,
        "livemode": st.just(value=False) | values,
        "data": st.fixed_dictionaries({"object": things | values}),
    }
)


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None


@often
@given(header=forwarded, proxies=st.integers(0, 4))
@example(header="::ffff:203.0.113.9, fe80::1%eth0", proxies=1)
@example(header="1" * 5000, proxies=1)
def test_x_forwarded_for_ends_in_an_address(header: str, proxies: int) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="198.51.100.4", HTTP_X_FORWARDED_FOR=header)
    with override_settings(NUM_PROXIES=proxies):
        found = client_address(request)
    ipaddress.ip_network(found, strict=False)  # an address, or the /64 that stands for one
    if not proxies:
        assert found == "198.51.100.4"


@often
@given(header=forwarded, proxies=st.integers(0, 4))
def test_a_visit_from_anywhere_is_answered_and_no_address_is_kept(header: str, proxies: int, store: Any) -> None:
    with override_settings(NUM_PROXIES=proxies):
        answer = SiteClient().post(
            "/api/stats/visit",
            content_type="application/json",
            headers={"X-Forwarded-For": header, "User-Agent": BROWSER},
        )
    assert answer.status_code == 200
    names = [key.decode("latin-1") for key in store.keys("*")]
    assert all(name.startswith("{stats}:") and "203.0.113.9" not in name and len(name) < 64 for name in names)


@often
@given(cookie=headers)
@example(cookie="DEMO.DEMO.." + "A" * 4000)
def test_a_cookie_is_ten_codes_at_most(cookie: str) -> None:
    remembered = read_remembered(cookie)
    assert len(remembered) <= 10
    assert all(code.isascii() and len(code) < 65 for code in remembered)


@often
@given(cookie=headers, code=headers)
def test_a_hit_with_any_cookie_and_code_is_answered(cookie: str, code: str) -> None:
    client = SiteClient()
    answer = client.get(
        "/api/analytics/qr", {"code": code}, headers={"Cookie": f"qr_counted={cookie}", "User-Agent": BROWSER}
    )
    assert answer.status_code in (200, 400)
    assert len(answer.cookies) <= 1


@often
@given(cookie=headers, version=st.booleans())
@example(cookie="." * 4000, version=True)
def test_a_choice_is_of_todays_categories_or_none(cookie: str, version: bool) -> None:
    value = f"{policy_version()}.{cookie}" if version else cookie
    choice = read_choice({CHOICE_COOKIE: value})
    assert choice is None or choice.categories <= optional_categories() | {NECESSARY}


@examples(40)
@given(
    cookie=headers
    | st.sampled_from(["sessionid=", "csrftoken=", "django_language="]).flatmap(
        lambda name: headers.map(lambda value: f"{name}{value}; cookie_choice={value}; qr_counted={value}")
    )
)
@example(cookie="sessionid=" + "s" * 6000)
@example(cookie="sessionid=\x00; csrftoken=\x00")
def test_pages_and_calls_take_any_cookie(cookie: str) -> None:
    client = SiteClient(enforce_csrf_checks=True)
    for path in ("/", "/cookies/settings", "/cookies/notice.css", "/dashboard", "/api/tokens"):
        answer = client.get(path, headers={"Cookie": cookie, "User-Agent": BROWSER})
        assert answer.status_code in (200, 302, 401), path
    answer = client.post("/accounts/login", {"username": "x"}, headers={"Cookie": cookie, "User-Agent": BROWSER})
    assert answer.status_code in (200, 403)


def about(kind: str, object_id: str) -> dict[str, Any]:
    """An event of a guest, about an object of this id."""
    data = {"object": {"id": object_id}}
    return {"object": "event", "id": "evt_2", "type": kind, "created": 1, "livemode": False, "data": data}


class TestWebhook:
    """Who can't sign is refused, whatever is sent; of what is signed nothing goes wrong later on either."""

    def send(self, body: bytes, signature: str) -> int:
        answer = SiteClient().post(
            "/api/webhooks/stripe", body, content_type="application/json", headers={"Stripe-Signature": signature}
        )
        return int(answer.status_code)

    @often
    @given(body=st.binary(max_size=2000), signature=headers)
    @example(body=b"[" * 2000, signature="t=1,v1=00")
    @example(body=b"{}", signature="t=" + "9" * 400 + ",v1=00")
    def test_of_any_bytes_is_refused(self, body: bytes, signature: str, shop: Any) -> None:
        assert self.send(body, signature) == 400
        assert not StripeEvent.objects.exists()

    @often
    @given(body=st.binary(max_size=200), shift=st.integers(-(10**13), 10**13), rest=headers)
    def test_with_a_signature_almost_right_is_refused(self, body: bytes, shift: int, rest: str, shop: Any) -> None:
        _, header = signed({"object": "event"}, SECRET)
        now, digest = header.split(",")
        forgeries = (f"{now},{digest},{rest}", f"t={int(time.time()) + shift},{digest}", f"{now},{rest},{digest}")
        assert {self.send(body, forgery) for forgery in forgeries} == {400}
        assert not StripeEvent.objects.exists()

    @often
    @given(event=events | values)
    @example(event=about("checkout.session.completed", ""))
    @example(event=about("checkout.session.completed", "../charges"))
    @example(event=about("charge.refunded", ""))
    @example(event=about("refund.updated", "?limit=1"))
    @example(
        event={
            "object": "event",
            "id": "evt_1",
            "type": "customer.deleted",
            "created": 10**30,
            "livemode": False,
            "data": {"object": {"id": "cus_1"}},
        }
    )
    def test_signed_is_taken_once_and_settled(self, event: Any, shop: Any, caplog: Any) -> None:
        StripeEvent.objects.all().delete()
        body, header = signed(event, SECRET)
        status = self.send(body, header)
        assert status in (200, 400)
        assert self.send(body, header) == status
        assert StripeEvent.objects.count() == (status == 200)
        caplog.clear()
        while work_event():
            continue
        assert not [record for record in caplog.records if record.levelname == "ERROR"]
        assert not StripeEvent.objects.filter(state=EventState.PROCESSING).exists()
