"""Every endpoint as every caller: who may is answered, who may not is told so, and nothing happens."""

from __future__ import annotations

from typing import Any

import pytest

from kv.rest.views import ApiView
from tests.security.addresses import api_addresses
from tests.security.table import BROWSER, CALLERS, ROWS, Caller, Cast, Row, methods_of
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lane")]

UNSAFE = [row for row in ROWS if row.method != "GET"]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE")


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None


def everything(store: Any) -> dict[bytes, bytes]:
    """All that the store holds, byte by byte."""
    return {key: store.dump(key) for key in store.keys("*")}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_is_answered_as_the_table_says(row: Row, caller: Caller, store: Any) -> None:
    cast = Cast.engaged(row.permission)
    client = cast.enter(caller)
    before = everything(store)
    answer = cast.send(client, row, caller)
    assert answer.status_code in row.expected(caller)
    if answer.status_code in (401, 403):
        assert set(answer.json()) == {"detail", "code"}
        assert everything(store) == before, "a refused call has changed something"


@pytest.mark.parametrize("row", [row for row in UNSAFE if row.kind != "public"], ids=str)
def test_a_session_alone_is_not_enough_to_write(row: Row, store: Any) -> None:
    """A form on another site could send that much."""
    cast = Cast.engaged(row.permission)
    client = cast.enter("permitted staff", csrf=True)
    before = everything(store)
    answer = cast.send(client, row, "permitted staff")
    assert answer.status_code == 403
    assert everything(store) == before


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_other_methods_are_refused(row: Row) -> None:
    path = row.path.partition("?")[0]
    client = SiteClient()
    for method in set(METHODS) - set(methods_of(path)):
        assert client.generic(method, path, headers={"User-Agent": BROWSER}).status_code in (401, 405), method


@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "GET"], ids=str)
def test_to_ask_for_the_head_alone_is_to_ask_and_counts_nothing(row: Row, store: Any) -> None:
    cast = Cast.engaged(row.permission)
    client = cast.enter("permitted staff")
    asked = client.get(row.path, headers={"User-Agent": BROWSER})
    before = everything(store)
    answer = client.head(row.path, headers={"User-Agent": BROWSER})
    assert (answer.status_code, answer.content) == (asked.status_code, b"")
    after = everything(store)
    # That it was not counted is noted.
    noted = {key for key in after if key.startswith(b"{qr}:left_out")} if "/analytics/" in row.path else set()
    assert {key: after[key] for key in after.keys() - noted} == {key: before[key] for key in before.keys() - noted}


@pytest.mark.parametrize("row", [row for row in ROWS if row.kind != "public" and row.method == "GET"], ids=str)
def test_what_is_somebodys_is_kept_by_no_cache(row: Row) -> None:
    cast = Cast.engaged(row.permission)
    answer = cast.send(cast.enter("permitted staff"), row, "permitted staff")
    assert "no-store" in answer.get("Cache-Control", "")


@pytest.mark.parametrize("row", [row for row in ROWS if row.method == "GET"], ids=str)
def test_each_answer_says_whether_a_cache_may_keep_it(row: Row) -> None:
    """Where nothing is said, each cache has a rule of its own: one keeps it for two minutes."""
    cast = Cast.engaged(row.permission)
    answer = cast.send(cast.enter("permitted staff"), row, "permitted staff")
    assert answer.get("Cache-Control", "") in ("no-store", "private, no-store", "public, max-age=60")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_another_host_is_refused(row: Row) -> None:
    answer = SiteClient().generic(row.method, row.path, headers={"Host": "evil.example", "User-Agent": BROWSER})
    assert answer.status_code == 400


@pytest.mark.parametrize("row", [row for row in UNSAFE if row.limit], ids=str)
def test_a_body_over_the_limit_is_refused(row: Row) -> None:
    cast = Cast.engaged(row.permission)
    caller: Caller = "public" if row.kind == "public" else "scoped service"
    big = b'{"summary": "' + b"x" * row.limit + b'"}'
    answer = cast.send(cast.enter(caller), row, caller, big)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "token", ["", "x", "Token", "Token ", "Token \x00", "Token " + "f" * 64, "Bearer abc", "Basic YTpi"]
)
def test_a_token_that_is_none_is_a_401_and_no_error(token: str) -> None:
    answer = SiteClient().get("/api/tokens", headers={"Authorization": token, "User-Agent": BROWSER})
    assert answer.status_code == 401


def test_the_table_names_every_address_of_the_api() -> None:
    served = {path for path, view in api_addresses().items() if issubclass(view, ApiView)}
    named = {row.path.partition("?")[0].lstrip("/") for row in ROWS}
    unnamed = {path for path in served if not any(_fits(path, name) for name in named)}
    assert unnamed == set()


def _fits(path: str, name: str) -> bool:
    wanted, given = path.split("/"), name.split("/")
    return len(wanted) == len(given) and all(a.startswith("<") or a == b for a, b in zip(wanted, given, strict=True))
