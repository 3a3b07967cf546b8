"""`manage.py service_token`: an account for a program, and a token that is shown once."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken

from tests.site_client import SiteClient
from tests.stats.callers import post, service_token

CODE = {"amount_cents": 1250, "id": "order-1"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


def status(token: str) -> int:
    return int(post(SiteClient(), "/api/stats/qr", CODE, token=token).status_code)


class TestToken:
    def test_is_all_that_is_printed(self) -> None:
        out, err = io.StringIO(), io.StringIO()
        call_command("service_token", "shop", "--perm", "stats.record_qr", stdout=out, stderr=err)
        assert len(out.getvalue().split()) == 1
        assert out.getvalue().endswith("\n")
        assert err.getvalue() == ""

    def test_opens_what_its_permission_names(self) -> None:
        assert status(service_token("shop")) == 201

    def test_opens_nothing_else(self) -> None:
        assert status(service_token("watcher", "stats.view_statistics")) == 403

    def test_is_not_kept(self) -> None:
        token = service_token("shop")
        kept = AuthToken.objects.get()
        assert token not in (kept.digest, kept.token_key)
        assert len(kept.token_key) < len(token)

    def test_revoked_opens_nothing(self) -> None:
        token = service_token("shop")
        AuthToken.objects.all().delete()
        assert status(token) == 401

    def test_of_an_account_that_was_switched_off_opens_nothing(self) -> None:
        token = service_token("shop")
        User.objects.update(is_active=False)
        assert status(token) == 401

    def test_expires(self) -> None:
        token = service_token("shop")
        kept = AuthToken.objects.get()
        assert timedelta(days=364) < kept.expiry - timezone.now() <= timedelta(days=365)
        AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
        assert status(token) == 401

    def test_expires_when_it_was_told_to(self) -> None:
        call_command("service_token", "shop", "--perm", "stats.record_qr", "--days", "7", stdout=io.StringIO())
        assert AuthToken.objects.get().expiry - timezone.now() <= timedelta(days=7)

    def test_a_second_one_leaves_the_first(self) -> None:
        first, second = service_token("shop"), service_token("shop")
        assert first != second
        assert (status(first), status(second)) == (201, 200)
        assert User.objects.count() == 1


class TestAccount:
    def test_has_no_password_and_no_way_into_the_admin(self) -> None:
        service_token("shop")
        user = User.objects.get()
        assert not user.has_usable_password()
        assert not user.is_staff
        assert not user.is_superuser
        assert user.get_all_permissions() == {"stats.record_qr"}

    def test_may_hold_several_permissions(self) -> None:
        service_token("shop", "stats.record_qr", "stats.view_statistics")
        assert User.objects.get().get_all_permissions() == {"stats.record_qr", "stats.view_statistics"}


class TestRefusals:
    @pytest.mark.parametrize("permission", ["stats.unknown", "record_qr", "stats", "", "unknown.record_qr"])
    def test_an_unknown_permission_makes_nothing(self, permission: str) -> None:
        with pytest.raises(CommandError, match="--perm"):
            service_token("shop", "stats.record_qr", permission)
        assert not User.objects.exists()

    @pytest.mark.parametrize("days", ["0", "-1", "3651"])
    def test_an_impossible_time_makes_nothing(self, days: str) -> None:
        with pytest.raises(CommandError, match="--days"):
            call_command("service_token", "shop", "--perm", "stats.record_qr", "--days", days)
        assert not User.objects.exists()

    @pytest.mark.parametrize("fields", [{"password": "a person's own"}, {"is_staff": True}, {"is_active": False}])
    def test_a_person_s_account_is_none(self, fields: dict[str, Any]) -> None:
        User.objects.create_user("shop", **fields)
        with pytest.raises(CommandError, match="not a service account"):
            service_token("shop")
        assert not AuthToken.objects.exists()
        assert not User.objects.get().get_all_permissions()

    @pytest.mark.parametrize("name", ["", "a b", "x" * 151])
    def test_an_impossible_name_is_one_line(self, name: str) -> None:
        with pytest.raises(CommandError):
            service_token(name)
        assert not User.objects.exists()
