"""docs/meter-an-llm.md, word for word, against a made-up model server."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Iterator
from http.client import IncompleteRead
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.signals import request_finished
from django.db import close_old_connections
from django.test import Client, RequestFactory

from tests.adoption.documents import DOCS
from tests.usertokens.model_server import ModelServer, model_server
from usertokens.errors import InsufficientTokens
from usertokens.services import balances, holds
from usertokens.services.audits import check_ledgers
from usertokens.services.explanations import explain_balance

pytestmark = pytest.mark.django_db

PAGE = (DOCS / "meter-an-llm.md").read_text()
BLOCK = re.compile(r'^```python(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
BLOCKS = {found["title"]: found["text"] for found in BLOCK.finditer(PAGE)}
BODIES = [json.loads(body) for body in re.findall(r"^  -d '(.*)'$", PAGE, re.MULTILINE)]


@pytest.fixture
def model(settings: Any) -> Iterator[ModelServer]:
    """The server, and the settings of the page with its address."""
    named: dict[str, Any] = {}
    exec(BLOCKS["shop/settings.py"], named)
    for name, value in named.items():
        if name.isupper():
            setattr(settings, name, value)
    with model_server() as server:
        settings.MODEL_URL = server.url
        yield server


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The page's modules, as the package `shop`."""
    package = ModuleType("shop")
    monkeypatch.setitem(sys.modules, "shop", package)
    for name in ("llm", "views"):
        module = ModuleType(f"shop.{name}")
        monkeypatch.setitem(sys.modules, f"shop.{name}", module)
        exec(compile(BLOCKS[f"shop/{name}.py"], f"docs/meter-an-llm.md: {name}", "exec"), module.__dict__)
        setattr(package, name, module)
    return package


@pytest.fixture
def ada(store: Any) -> str:
    return str(User.objects.create_user("ada").pk)


def left(user_id: str) -> tuple[int, int]:
    """The balance and what is on hold; the ledger is right, and explains itself."""
    tokens = balances.get_balance(user_id).tokens
    assert check_ledgers([user_id])[0].problems == ()
    assert explain_balance(user_id).problems == ()
    return tokens.balance, tokens.held


class TestAnswer:
    def test_is_charged_by_what_it_used(self, ada: str, model: ModelServer, shop: Any) -> None:
        model.read, model.written = 2500, 750  # 5 tokens, and 6
        answer = shop.llm.stream_answer(ada, "Say hello. " * 300)
        assert next(answer) == "Hel"
        # 3300 bytes and 50: 6.7 tokens; 1000 units: 8 tokens.
        assert left(ada) == (100 - 7 - 8, 15)
        assert "".join(answer) == "lo!"
        assert left(ada) == (100 - 5 - 6, 0)
        (asked,) = model.asked
        assert (asked["max_tokens"], asked["stream"], asked["model"]) == (1000, True, "small")
        assert asked["authorization"] == "Bearer the key of your model server"

    def test_carries_what_is_less_than_a_token(self, ada: str, model: ModelServer, shop: Any) -> None:
        """100 answers of 12 and 3 units: 1200 · 2/1000 and 300 · 8/1000 tokens, no more than one long one."""
        for _ in range(100):
            assert "".join(shop.llm.stream_answer(ada, "Hello?")) == "Hello!"
        assert left(ada) == (100 - 2 - 2, 0)

    @pytest.mark.parametrize("pieces", [0, 1, 2])
    def test_that_breaks_off_costs_nothing(self, ada: str, model: ModelServer, shop: Any, pieces: int) -> None:
        model.breaks_after = pieces
        answer = shop.llm.stream_answer(ada, "Hello?")
        with pytest.raises((shop.llm.AnswerBroken, IncompleteRead, ConnectionError)):
            list(answer)
        assert left(ada) == (100, 0)

    def test_without_its_usage_costs_nothing(self, ada: str, model: ModelServer, shop: Any) -> None:
        model.says_usage = False
        with pytest.raises(shop.llm.AnswerBroken):
            list(shop.llm.stream_answer(ada, "Hello?"))
        assert left(ada) == (100, 0)

    def test_whose_reader_goes_costs_nothing(self, ada: str, model: ModelServer, shop: Any) -> None:
        answer = shop.llm.stream_answer(ada, "Hello?")
        next(answer)
        answer.close()
        assert left(ada) == (100, 0)

    def test_that_used_more_takes_it_from_the_balance(self, ada: str, model: ModelServer, shop: Any) -> None:
        model.written = 2000
        assert "".join(shop.llm.stream_answer(ada, "Hello?")) == "Hello!"
        assert left(ada) == (100 - 16, 0)

    def test_that_used_more_than_there_is_takes_nothing_over(self, ada: str, model: ModelServer, shop: Any) -> None:
        model.read, model.written = 0, 20_000
        with pytest.raises(InsufficientTokens):
            list(shop.llm.stream_answer(ada, "Hello?"))
        assert left(ada) == (100, 0)

    def test_that_used_nothing_costs_nothing(self, ada: str, model: ModelServer, shop: Any) -> None:
        model.pieces, model.read, model.written = [], 0, 0
        assert "".join(shop.llm.stream_answer(ada, "Hello?")) == ""
        assert left(ada) == (100, 0)

    def test_that_can_t_be_paid_is_not_asked_for(self, ada: str, model: ModelServer, shop: Any) -> None:
        balances.spend_tokens(ada, 93)
        with pytest.raises(InsufficientTokens):
            list(shop.llm.stream_answer(ada, "Hello?"))
        assert model.asked == []
        assert left(ada) == (7, 0)


class TestView:
    def ask(self, shop: Any, user_id: str, method: str = "post") -> Any:
        request = getattr(RequestFactory(), method)("/chat", {"prompt": "Hello?"})
        request.user = User.objects.get(pk=user_id)
        return shop.views.chat(request)

    def test_streams(self, ada: str, model: ModelServer, shop: Any) -> None:
        model.written = 500
        answer = self.ask(shop, ada)
        assert (answer.status_code, b"".join(answer)) == (200, b"Hello!")
        assert left(ada) == (96, 0)

    def test_says_402_before_anything_is_sent(self, ada: str, model: ModelServer, shop: Any) -> None:
        balances.spend_tokens(ada, 99)
        answer = self.ask(shop, ada)
        assert (answer.status_code, json.loads(answer.content)["balance"]) == (402, 0)
        assert left(ada) == (1, 0)

    def test_releases_when_the_client_goes(self, ada: str, model: ModelServer, shop: Any) -> None:
        answer = self.ask(shop, ada)
        assert next(iter(answer)) == b"Hel"
        assert left(ada)[1] > 0
        request_finished.disconnect(close_old_connections)  # this test's own, as Django's test client does
        try:
            answer.close()
        finally:
            request_finished.connect(close_old_connections)
        assert left(ada) == (100, 0)

    def test_takes_no_get(self, ada: str, model: ModelServer, shop: Any) -> None:
        assert self.ask(shop, ada, "get").status_code == 405


def test_from_another_service(ada: str, model: ModelServer) -> None:
    service = User.objects.create_user("service")
    service.user_permissions.add(Permission.objects.get(codename="act_for_any"))
    out = io.StringIO()
    call_command("service_token", "llm", "--perm", "usertokens.act_for_any", stdout=out)
    client = Client(headers={"Authorization": f"Token {out.getvalue().strip()}"})
    hold, capture = BODIES

    def post(path: str, body: dict[str, Any], key: str) -> Any:
        return client.post(
            path, json.dumps(body), content_type="application/json", headers={"Idempotency-Key": key}
        )  # fmt: skip

    for _ in range(2):
        made = post("/api/tokens/holds", {**hold, "userId": ada}, "answer-17")
        assert (made.status_code, made.json()["amount"]) == (201, 8)
    assert left(ada) == (92, 8)
    for _ in range(2):
        ended = post(f"/api/tokens/holds/{made.json()['id']}/capture", capture, "answer-17-end")
        assert (ended.status_code, ended.json()["captured"], ended.json()["quantity"]) == (200, 1, 213)
    assert left(ada) == (99, 0)


def test_what_was_used(ada: str, model: ModelServer, shop: Any) -> None:
    model.read, model.written = 1000, 250
    list(shop.llm.stream_answer(ada, "Hello?"))
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(BLOCKS[None], {"user_id": ada})
    assert sorted(out.getvalue().splitlines()) == ["gpt:input 1000 units, 2 tokens", "gpt:output 250 units, 2 tokens"]
    assert holds.list_holds(ada) == ()


def test_the_page_has_no_other_code() -> None:
    """So that none of it is left out here."""
    assert sorted(map(str, BLOCKS)) == ["None", "shop/llm.py", "shop/settings.py", "shop/views.py"]
    assert PAGE.count("```") == 2 * (len(BLOCKS) + len(BODIES))
