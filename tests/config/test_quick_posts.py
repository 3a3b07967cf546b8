"""Made-up requests down both ways, the quick one and DRF's: the same answers, headers and ledgers."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory
from django.utils import timezone
from knox.models import AuthToken

from kv.errors import StoreUnavailable
from kv.store.connection import call
from tests.site_client import SiteClient
from tests.stats.callers import service_token
from usertokens import keys
from usertokens.services.balances import add_tokens, get_balance
from usertokens.services.journal import list_transactions
from usertokens.views.quick import QuickPostView
from usertokens.views.tokens import SpendView

pytestmark = pytest.mark.django_db

ACT = "usertokens.act_for_any"
REQUESTS = 900
AGENT = "service/1"
TYPES = ["application/json; charset=utf-8", "text/plain", "", "application/JSON"]
KEYS = ["k1", "k2", "k3", "", "ä", "x" * 64, "x" * 65, "\x01"]
QUERIES = ["?", "?userId=0", "?x=1", "?userId="]
COOKIES = ["a=b", "csrftoken=c", "sessionid=nobody's"]
METHODS = ["GET", "PUT", "OPTIONS", "HEAD"]
AMOUNTS = [2, 5, 600, 10**12, 10**12 + 1, 0, -1, True, 1.0, "1", None, 2**63, 2**70]
REASONS = ["", " ", " a ", "a" * 200, "a" * 201, "a" * 70_000, "\u200b", "zëro", "\x00", 5, None, "a\nb"]
ACTIONS = ["article", "nobody", "", "x" * 65, None, 5, "tiny ", "\x00"]
USERS = [
    "@service", "@0customer", "@customer ", "0", "", "-1", "1.0", "9" * 9, "9" * 10, "9" * 30, "a", "٣",
    None, 7, "x" * 65, "\x00",
]  # fmt: skip
WORDS = [
    "token @acting", "TOKEN  @acting", "Token @own", "Token @super", "Token @expired", "Token @off", "Token",
    "Token @acting x", "Bearer @acting", "Token " + "0" * 64, "Token ä", "Token \x00", "Basic YTpi", "",
    "Token @acting,Token @own",
]  # fmt: skip
BODIES = [b"", b"{", b"null", b"[]", b"[1]", b'"a"', b"\xff", b"{}", b'{"amount": 1e400}', b"NaN"]


@dataclass(frozen=True)
class Made:
    """One request. What stands for users and tokens is put in when it is sent."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]
    more: dict[str, str]


def made(rng: Random) -> Made:
    """A usual request, mostly odd in one place or two."""

    def pick(usual: Any, odd: list[Any], share: float = 0.06) -> Any:
        return rng.choice(odd) if rng.random() < share else usual

    sent = {
        "amount": pick(1, AMOUNTS, 0.15),
        "reason": pick("article", REASONS, 0.1),
        "userId": pick("@customer", USERS, 0.2),
    }
    path = "/api/tokens/spend"
    if rng.random() < 0.2:
        sent["cost"] = sent.pop("amount")
        del sent["reason"]
        path = "/api/generations"
    if rng.random() < 0.04:
        sent["user_id"] = "1"
    for name in list(sent):
        if rng.random() < 0.04:
            del sent[name]
    body = pick(json.dumps(sent).encode(), BODIES)
    headers = {"User-Agent": AGENT, "Authorization": pick("Token @acting", WORDS, 0.25)}
    if (key := pick(None, KEYS, 0.3)) is not None:
        headers["Idempotency-Key"] = key
    more = {"CONTENT_TYPE": pick("application/json", TYPES)}
    if cookie := pick("", COOKIES):
        more["HTTP_COOKIE"] = cookie
    if body and rng.random() < 0.04:
        more["CONTENT_LENGTH"] = rng.choice(["", "0", "-1", "x", "1"])
    if origin := pick("", ["http://127.0.0.1:8000", "https://elsewhere.example"], 0.02):
        more["HTTP_ORIGIN"] = origin
    return Made(pick("POST", METHODS), path + pick("", QUERIES), body, headers, more)


def by_action(request: Made, rng: Random) -> Made:
    """The same request with an action in place of tokens, or beside them; one without a body of fields as it is."""
    try:
        sent = json.loads(request.body)
    except ValueError:
        return request
    if not isinstance(sent, dict) or len(request.body) > 1000:
        return request
    for name in ("amount", "cost") if rng.random() < 0.9 else ():
        sent.pop(name, None)
    sent["action"] = rng.choice(ACTIONS) if rng.random() < 0.2 else "tiny"
    if rng.random() < 0.8:
        sent["quantity"] = rng.choice(AMOUNTS) if rng.random() < 0.2 else 3
    return replace(request, body=json.dumps(sent).encode())


class Side:
    """Accounts and tokens of one way."""

    def __init__(self, name: str) -> None:
        self.texts = {}
        for kind, permissions in {
            "acting": (ACT,),
            "own": (),
            "superuser": (),
            "expired": (ACT,),
            "off": (ACT,),
        }.items():
            self.texts[f"@{kind}"] = service_token(f"{name}-{kind}", *(permissions or ("stats.record_qr",)))
        User.objects.filter(username=f"{name}-superuser").update(is_superuser=True)
        User.objects.filter(username=f"{name}-off").update(is_active=False)
        AuthToken.objects.filter(user__username=f"{name}-expired").update(expiry=timezone.now() - timedelta(seconds=1))
        self.customer = str(User.objects.create_user(f"{name}-customer").pk)
        self.service = str(User.objects.get(username=f"{name}-acting").pk)
        self.texts |= {"@customer": self.customer, "@service": self.service, "@0customer": f"0{self.customer}"}
        add_tokens(self.customer, 200, reason="plenty")
        self.client = SiteClient()

    def send(self, request: Made) -> tuple[int, dict[str, str], Any]:
        body, word = request.body, request.headers["Authorization"]
        for name, text in sorted(self.texts.items(), reverse=True):
            body, word = body.replace(name.encode(), text.encode()), word.replace(name, text)
        headers = {**request.headers, "Authorization": word}
        self.client.cookies.clear()
        more: dict[str, Any] = dict(request.more)
        response = self.client.generic(request.method, request.path, body, headers=headers, **more)
        head = {name: value for name, value in response.items() if name != "X-Request-ID"}
        return response.status_code, head, response.content

    def ledger(self) -> list[Any]:
        """Both accounts' balances and journals, without the moments and whose id it is."""
        found: list[Any] = []
        for user in (self.customer, self.service):
            found.append(get_balance(user).tokens.balance)
            rows = list_transactions(user, limit=100).results
            found += [(row.id, row.type, row.amount, row.balance_after, row.reason) for row in rows]
            found += [(row.action, row.quantity) for row in rows]
            found.append(call("HGET", keys.account(user), "held"))
        return found


@pytest.fixture(autouse=True)
def _prices(settings: Any) -> None:
    settings.TOKEN_ACTIONS = {"tiny": "3/10", "article": 3}


@pytest.fixture
def taken(store: Any, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each call of a client with `quick` was answered without DRF; others are all DRF's."""
    calls: list[bool] = []
    real_move = QuickPostView._move.__func__  # type: ignore[attr-defined] # it has one

    def noted(cls: Any, meta: Any, read: Any) -> Any:
        moved = real_move(cls, meta, read) if meta.get("quick") else None
        calls.append(moved is not None)
        return moved

    monkeypatch.setattr(QuickPostView, "_move", classmethod(noted))
    return calls


def assert_alike(quick: Side, slow: Side, taken: list[bool], count: int) -> None:
    rng, other = Random(15), Random(16)
    quick.client.defaults["quick"] = "1"
    statuses: Counter[int] = Counter()
    for _ in range(count):
        request = made(rng)
        if other.random() < 0.1:
            request = by_action(request, other)
        answer = quick.send(request)
        assert answer == slow.send(request), request
        statuses[answer[0]] += 1
    assert quick.ledger() == slow.ledger()
    assert sum(taken) > count // 4
    assert {200, 400, 401, 402, 403, 404, 405, 409, 413, 415} <= statuses.keys()


def test_both_ways_answer_alike(taken: list[bool]) -> None:
    assert_alike(Side("quick"), Side("slow-"), taken, REQUESTS)


@pytest.mark.django_db(transaction=True)
def test_the_fast_lane_answers_alike(taken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a transaction around it the lane takes these calls; one that is in it is left to Django."""
    calls: list[bool] = []
    real = QuickPostView._move_in_lane.__func__  # type: ignore[attr-defined] # it has one

    def noted(cls: Any, call: Any) -> Any:
        moved = real(cls, call)
        calls.append(moved is not None)
        return moved

    monkeypatch.setattr(QuickPostView, "_move_in_lane", classmethod(noted))
    quick, slow = Side("quick"), Side("slow-")
    monkeypatch.setattr(SiteClient, "fast", False)
    slow.client = SiteClient()
    assert_alike(quick, slow, taken, REQUESTS // 2)
    assert sum(calls) > REQUESTS // 8


def test_a_store_that_is_away_is_refused_alike(taken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def away(user_id: str, *_: Any, **__: Any) -> Any:
        calls.append(user_id)
        raise StoreUnavailable("it is away")

    quick, slow = Side("quick"), Side("slow-")
    quick.client.defaults["quick"] = "1"
    monkeypatch.setattr("usertokens.views.tokens.balances.spend_tokens", away)
    body = json.dumps({"amount": 1, "reason": "article", "userId": "@customer"}).encode()
    headers = {"Authorization": "Token @acting"}
    request = Made("POST", "/api/tokens/spend", body, headers, {"CONTENT_TYPE": "application/json"})
    assert quick.send(request) == slow.send(request)
    assert taken == [False]  # the other one's; the first was refused on the way
    assert calls == [quick.customer, slow.customer]  # once each: nothing is done a second time
    assert quick.send(request)[0] == 503


def test_what_is_no_answer_leaves_both_alike(taken: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    side = Side("quick")
    side.client.defaults["quick"] = "1"
    monkeypatch.setattr("usertokens.views.tokens.balances.spend_tokens", broken)
    body = json.dumps({"amount": 1, "reason": "article", "userId": "@customer"}).encode()
    request = Made("POST", "/api/tokens/spend", body, {"Authorization": "Token @acting"},
                   {"CONTENT_TYPE": "application/json"})  # fmt: skip
    with pytest.raises(ZeroDivisionError):
        side.send(request)
    assert taken == []  # it was raised on the way, and asked no second time


def test_a_class_that_says_more_is_left_to_drf(store: Any) -> None:
    class Careful(SpendView):
        def post(self, request: Any) -> Any:
            raise AssertionError("asked")

    side = Side("quick")
    view = Careful.as_view()
    body = json.dumps({"amount": 1, "reason": "article", "userId": side.customer})
    request = RequestFactory().post(
        "/", body, "application/json", headers={"Authorization": f"Token {side.texts['@acting']}"}
    )
    with pytest.raises(AssertionError, match="asked"):
        view(request)
