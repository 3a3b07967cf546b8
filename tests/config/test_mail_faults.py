"""What is written of an e-mail address and where, and what happens while the database or the store is away."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db import connection as database

from config.models import AccountMail, EmailAddress
from kv.errors import StoreUnavailable
from tests.config.letters import ADDRESS, NEW_TWICE, PASSWORD, delivered, link_in
from tests.config.test_lockout import written
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

STRANGER = "nobody@stranger.example"
#: Where an address may stand: as the user's, as one that waits, and in a mail that waits to be sent.
KEPT = {"auth_user", "site_emailaddress", "site_accountmail"}


def tables_with(text: str) -> set[str]:
    found = set()
    with database.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed:
                cursor.execute(f"SELECT * FROM {database.ops.quote_name(model._meta.db_table)}")
                if any(text in str(cell).lower() for row in cursor.fetchall() for cell in row):
                    found.add(model._meta.db_table)
    return found


def test_an_address_is_in_no_other_table_no_key_and_no_log(store: Any, caplog: pytest.LogCaptureFixture) -> None:
    for logger in ("", "axes", "django.request", "django.security"):
        caplog.set_level(logging.DEBUG, logger)
    client = SiteClient()
    client.post("/accounts/signup", {"username": "ada", "password1": PASSWORD, "password2": PASSWORD, "email": ADDRESS})
    client.post(link_in(delivered()[0]))
    client.post("/accounts/email", {"email": "new@example.org", "password": PASSWORD})
    for address in (ADDRESS, STRANGER):
        SiteClient().post("/accounts/password/reset", {"email": address})
        for _ in range(11):
            SiteClient().post("/accounts/login", {"username": address, "password": "wrong"})
    SiteClient().post("/accounts/password/reset", {"email": f"{STRANGER} "})
    assert tables_with("ada@example.org") == {"auth_user", "site_emailaddress"}
    assert tables_with(STRANGER) == set()
    assert tables_with("new@example.org") <= KEPT
    everything = b"".join(key + (store.dump(key) or b"") for key in store.scan_iter())
    said = caplog.text + "".join(written(record) for record in caplog.records)
    for text in ("example.org", "stranger.example"):
        assert text.encode() not in everything
        assert text not in said


@pytest.mark.parametrize("model", [AccountMail, EmailAddress])
def test_without_the_database_nothing_is_half_done(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("ada", ADDRESS, PASSWORD)
    client = SiteClient()

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(type(model.objects), "create", away)
        answer = client.post(
            "/accounts/signup",
            {"username": "bea", "password1": PASSWORD, "password2": PASSWORD, "email": "bea@example.org"},
        )
        assert answer.status_code == 503
        assert "_auth_user_id" not in client.session
    assert not User.objects.filter(username="bea").exists()
    assert not EmailAddress.objects.exists()
    assert not AccountMail.objects.exists()


def test_without_the_store_the_mail_waits_and_the_reader_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("ada", ADDRESS, PASSWORD)

    def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        for name in ("config.lockout.check_limit", "config.lockout.check_identity", "config.mail_queue.wake_duty"):
            patch.setattr(name, away)
        answer = SiteClient().post("/accounts/password/reset", {"email": ADDRESS})
        assert answer.status_code == 302
    client = SiteClient()
    form = client.get(link_in(delivered()[0]), follow=True).redirect_chain[-1][0]
    assert client.post(form, NEW_TWICE).status_code == 302


def test_a_busy_site_leaves_the_link_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    from config.hashing import HashingBusy

    User.objects.create_user("ada", ADDRESS, PASSWORD)
    SiteClient().post("/accounts/password/reset", {"email": ADDRESS})
    client = SiteClient()
    form = client.get(link_in(delivered()[0]), follow=True).redirect_chain[-1][0]

    def busy(*_: Any) -> None:
        raise HashingBusy

    with monkeypatch.context() as patch:
        patch.setattr(User, "set_password", busy)
        assert client.post(form, NEW_TWICE).status_code == 503
    assert client.post(form, NEW_TWICE).status_code == 302
