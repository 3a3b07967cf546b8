"""The log-in closes after too many wrong tries, and nobody's address is kept for it, or for anything else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection as database
from django.utils.module_loading import import_string
from pythonjsonlogger.json import JsonFormatter

from config.lockout import hashed_address, hashed_name, locked_out
from kv.moved import RemovedIn03Warning
from tests.site_client import SiteClient
from tests.stats.callers import visit

if TYPE_CHECKING:
    from pytest_django import Settings

PASSWORD = "a ledger well set"
ADDRESS = "203.0.113.77"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    User.objects.create_user("ada", password=PASSWORD)


def log_in(password: str, *, name: str = "ada", address: str = ADDRESS, path: str = "/accounts/login") -> Any:
    return SiteClient().post(path, {"username": name, "password": password}, REMOTE_ADDR=address)


class TestLockout:
    @pytest.mark.parametrize("path", ["/accounts/login", "/admin/login/"])
    def test_after_ten_wrong_tries_even_the_right_password_waits(self, path: str) -> None:
        for _ in range(10):
            log_in("wrong", path=path)
        refused = log_in(PASSWORD, path=path)
        assert refused.status_code == 429
        assert int(refused["Retry-After"]) == 900

    def test_nine_wrong_tries_are_forgiven_by_a_right_one(self) -> None:
        for _ in range(9):
            log_in("wrong")
        assert log_in(PASSWORD).status_code == 302
        assert log_in("wrong").status_code == 200

    def test_closes_for_this_name_from_this_address_alone(self) -> None:
        User.objects.create_user("eve", password=PASSWORD)
        for _ in range(11):
            log_in("wrong")
        assert log_in(PASSWORD, address="198.51.100.9").status_code == 302
        assert log_in(PASSWORD, name="eve").status_code == 302

    def test_behind_a_proxy_tells_callers_apart(self, settings: Settings) -> None:
        settings.NUM_PROXIES = 1
        for _ in range(11):
            client = SiteClient(headers={"X-Forwarded-For": "198.51.100.1"})
            client.post("/accounts/login", {"username": "ada", "password": "wrong"}, REMOTE_ADDR=ADDRESS)
        other = SiteClient(headers={"X-Forwarded-For": "198.51.100.2"})
        answer = other.post("/accounts/login", {"username": "ada", "password": PASSWORD}, REMOTE_ADDR=ADDRESS)
        assert answer.status_code == 302


class TestHashedName:
    def test_what_was_typed_as_a_name_is_in_no_table(self) -> None:
        log_in("wrong", name="my-password-by-mistake")
        assert AccessAttempt.objects.count() == 1
        assert "by-mistake" not in every_cell()

    def test_names_are_told_apart(self, rf: Any) -> None:
        request = rf.post("/", {"username": "ada"})
        assert (
            hashed_name(request) == hashed_name(request, {"username": "ada"}) != hashed_name(request, {"username": "a"})
        )
        assert hashed_name(rf.post("/")) is None


class TestHashedAddress:
    def test_looks_like_an_address_of_nobody(self, rf: Any) -> None:
        hashed = hashed_address(rf.get("/", REMOTE_ADDR=ADDRESS))
        assert hashed.startswith("fd")
        assert hashed == hashed_address(rf.get("/x", REMOTE_ADDR=f"::ffff:{ADDRESS}"))
        assert hashed != hashed_address(rf.get("/", REMOTE_ADDR="203.0.113.78"))

    def test_depends_on_the_key(self, rf: Any, settings: Settings) -> None:
        before = hashed_address(rf.get("/", REMOTE_ADDR=ADDRESS))
        settings.VISITOR_HASH_KEY = "another" * 10
        assert hashed_address(rf.get("/", REMOTE_ADDR=ADDRESS)) != before


def every_cell() -> str:
    """All rows of all tables as text."""
    cells: list[str] = []
    with database.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed:
                cursor.execute(f"SELECT * FROM {database.ops.quote_name(model._meta.db_table)}")
                cells += [str(cell) for row in cursor.fetchall() for cell in row]
    return "\n".join(cells)


def written(record: logging.LogRecord) -> str:
    """The line that the site's own handler writes for it."""
    console = next(handler for handler in logging.getLogger().handlers if isinstance(handler.formatter, JsonFormatter))
    console.filter(record)
    return console.format(record)


@pytest.mark.parametrize("proxies", [0, 1])
def test_an_address_is_in_no_table_no_key_and_no_log(
    proxies: int, settings: Settings, store: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A visitor, a customer, a burglar and a clerk come from one address; then everything is searched for it."""
    settings.NUM_PROXIES = proxies
    for logger in ("", "axes", "django.request", "django.security"):
        caplog.set_level(logging.DEBUG, logger)
    from_here: dict[str, Any] = {"headers": {"X-Forwarded-For": ADDRESS}} if proxies else {}
    client = SiteClient(REMOTE_ADDR="10.0.0.1" if proxies else ADDRESS, **from_here)
    for path in ("/", "/pay", "/statistics", "/nothing", "/api/nothing", "/api/stats", "/api/usage", "/readyz"):
        client.get(path)
    for _ in range(32):
        visit(client, *([] if proxies else [ADDRESS]), **({"X_Forwarded_For": ADDRESS} if proxies else {}))
    for tool in ("payment-qr", "unknown"):
        client.post("/api/track-usage", {"tool": tool}, content_type="application/json")
    client.post("/api/stats/qr", {"receipt": "forged"}, content_type="application/json")
    client.post("/pay", {"beneficiary": "Zoë", "iban": "DE89370400440532013000", "amount": "12.50"})
    client.post("/accounts/signup", {"username": "bob", "password1": PASSWORD, "password2": PASSWORD})
    client.post("/accounts/logout")
    for _ in range(12):
        client.post("/accounts/login", {"username": "ada", "password": "wrong"})
    client.post("/accounts/login", {"username": "bob", "password": PASSWORD})
    client.get("/", headers={"Host": "evil.example"})
    everything = b"".join(key + (store.dump(key) or b"") for key in store.scan_iter())
    assert len(everything) > 500
    assert ADDRESS.encode() not in everything
    assert "ada" in every_cell()
    assert ADDRESS not in every_cell()
    assert caplog.records
    assert ADDRESS not in caplog.text + "".join(written(record) for record in caplog.records)


def test_the_old_path_of_the_callable_works_with_a_warning() -> None:
    with pytest.warns(RemovedIn03Warning, match="since 0.2"):
        assert import_string("config.accounts.lockout.locked_out") is locked_out
