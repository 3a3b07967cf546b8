"""The examples of the Python API, on each app's page and on that about async code, run as they stand there."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from tests.house.tree import ROOT
from usertokens.services import get_balance, list_transactions

pytestmark = pytest.mark.own_loop

EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = {"stats": "## Python API\n", "tokens": "## Python API\n", "codetags": "## Python API\n", "async": "# "}


def _examples(page: str) -> list[str]:
    text = (ROOT / f"docs/{page}.md").read_text().partition(PAGES[page])[2].partition("\n## Commands")[0]
    return EXAMPLE.findall(text) if page == "async" else EXAMPLE.findall(text.partition("\n## ")[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("page", "number"), [(page, n) for page in PAGES for n in range(len(_examples(page)))])
def test_an_example_runs(page: str, number: int, store: Any, settings: Any) -> None:
    settings.TOKEN_ACTIONS = {"article": 3, "image": 10, "gpt:input": "2/1000", "gpt:output": "10/1000"}
    user = User.objects.create_user("ada")
    names: dict[str, Any] = {
        "request": RequestFactory().get("/?qr=BT26", headers={"User-Agent": "Mozilla/5.0 Firefox/130.0"}),
        "user": user,
        "user_id": str(user.pk),
        "article": SimpleNamespace(pk=17),
        "prompt": "a cat",
        "draw": lambda prompt: 32,
        "complete": lambda prompt, max_tokens: SimpleNamespace(tokens=4100),
        "asyncio": asyncio,
    }
    if page == "async" and number:
        exec("from usertokens.services import aspend_tokens", names)  # of the example before
    code = compile(_examples(page)[number], f"docs/{page}.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = eval(code, names)
    if inspect.iscoroutine(running):
        asyncio.run(_run(running))
    assert 0 <= get_balance(str(user.pk)).tokens.balance <= 100
    assert get_balance(str(user.pk)).tokens.held == 0
    if page in ("tokens", "async") and not {"spends", "TOKEN_ACTIONS"} & names.keys():
        assert any(entry.amount < 0 for entry in list_transactions(str(user.pk)).results)


async def _run(running: Any) -> None:
    await running


def test_every_page_has_examples() -> None:
    assert {page: len(_examples(page)) for page in PAGES} == {"stats": 1, "tokens": 6, "codetags": 1, "async": 2}
