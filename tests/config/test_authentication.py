"""What a service's call reads of the database, and that nothing of it outlives the call."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from knox.models import AuthToken

from config.authentication import OwnAndGroups
from tests.site_client import SiteClient
from tests.stats.callers import post, service_token

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

ACT, RECORD = "usertokens.act_for_any", "stats.record_qr"


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


def spend(token: str, user: User) -> int:
    body = {"amount": 1, "reason": "article", "userId": str(user.pk)}
    return int(post(SiteClient(), "/api/tokens/spend", body, token=token).status_code)


@pytest.fixture
def customer() -> User:
    return User.objects.create_user("customer")


class TestQueries:
    def test_a_spend_for_another_takes_one(self, customer: User, django_assert_num_queries: Any) -> None:
        """The token with its account, what that may, and whether the other one is there."""
        token = service_token("shop", ACT)
        assert spend(token, customer) == 200
        with django_assert_num_queries(1):
            assert spend(token, customer) == 200

    @pytest.mark.django_db(transaction=True)
    def test_in_the_fast_lane_too(self, customer: User, django_assert_num_queries: Any) -> None:
        """Which is open without a transaction around it. PostgreSQL has planned the query then."""
        token = service_token("shop", ACT)
        assert spend(token, customer) == 200
        with django_assert_num_queries(1), patch("rest_framework.views.APIView.dispatch", side_effect=AssertionError):
            assert spend(token, customer) == 200

    def test_a_payment_code_takes_two(self, django_assert_num_queries: Any) -> None:
        token = service_token("shop")
        with django_assert_num_queries(2):
            assert post(SiteClient(), "/api/stats/qr", {"amount_cents": 5, "id": "a"}, token=token).status_code == 201

    def test_many_tokens_of_one_account_take_no_more(self, customer: User, django_assert_num_queries: Any) -> None:
        tokens = [service_token("shop", ACT) for _ in range(5)]
        with django_assert_num_queries(1):
            assert spend(tokens[2], customer) == 200

    def test_what_a_user_may_is_asked_once(self, customer: User, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(1):
            assert not any(OwnAndGroups().has_perm(customer, name) for name in (ACT, RECORD, "a.b"))


def revoke() -> None:
    AuthToken.objects.all().delete()


def expire() -> None:
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))


def switch_off() -> None:
    User.objects.filter(username="shop").update(is_active=False)


def take_away() -> None:
    User.objects.get(username="shop").user_permissions.clear()


def delete() -> None:
    User.objects.filter(username="shop").delete()


@pytest.mark.parametrize(
    ("change", "status"), [(revoke, 401), (expire, 401), (switch_off, 401), (delete, 401), (take_away, 403)]
)
def test_the_next_call_is_refused(customer: User, change: Callable[[], None], status: int) -> None:
    token = service_token("shop", ACT)
    assert spend(token, customer) == 200
    change()
    assert spend(token, customer) == status


class TestOtherBackends:
    """What a project's own backend says of permissions is asked as ever, step by step."""

    @pytest.mark.parametrize(
        ("backends", "status"),
        [
            (["tests.config.test_authentication.Nobody"], 403),
            (["tests.config.test_authentication.Nobody", "django.contrib.auth.backends.ModelBackend"], 403),
            (["tests.config.test_authentication.Everybody"], 200),
            (["axes.backends.AxesStandaloneBackend"], 403),
            (["django.contrib.auth.backends.ModelBackend"], 200),
            (["config.authentication.OwnAndGroups"], 200),
        ],
    )
    def test_are_asked(self, customer: User, settings: Any, backends: list[str], status: int) -> None:
        token = service_token("shop", RECORD if "Everybody" in backends[0] else ACT)
        settings.AUTHENTICATION_BACKENDS = backends
        assert spend(token, customer) == status


class Nobody(BaseBackend):
    """Refuses everybody, whatever the next one says."""

    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        raise PermissionDenied


class Everybody(BaseBackend):
    """Lets everybody."""

    def has_perm(self, user_obj: Any, perm: str, obj: object = None) -> bool:
        return True


class TestTokens:
    def test_an_expired_one_goes_when_it_is_sent(self, customer: User) -> None:
        token = service_token("shop", ACT)
        expire()
        assert spend(token, customer) == 401
        assert not AuthToken.objects.exists()

    def test_an_expired_one_shuts_out_no_other(self, customer: User) -> None:
        service_token("shop", ACT)
        expire()
        assert spend(service_token("shop", ACT), customer) == 200

    def test_the_beginning_of_one_is_not_one(self, customer: User) -> None:
        token = service_token("shop", ACT)
        assert spend(token[:-1], customer) == 401
        assert spend(token[:15], customer) == 401
        assert spend(token[:-1] + ("0" if token[-1] != "0" else "1"), customer) == 401

    def test_two_that_begin_alike_are_two(self, customer: User) -> None:
        first, second = service_token("shop", ACT), service_token("other", RECORD)
        AuthToken.objects.filter(user__username="other").update(token_key=first[:15])
        assert spend(first, customer) == 200
        assert spend(first[:15] + second[15:], customer) == 401


class TestPermissions:
    def test_of_a_group_hold_while_one_is_in_it(self, customer: User) -> None:
        token, service = service_token("shop"), User.objects.get(username="shop")
        assert spend(token, customer) == 403
        group = Group.objects.create(name="acting")
        group.permissions.add(Permission.objects.get(codename="act_for_any"))
        service.groups.add(group)
        assert spend(token, customer) == 200
        group.permissions.clear()
        assert spend(token, customer) == 403

    def test_are_one_s_own(self, customer: User) -> None:
        service_token("shop", ACT)
        assert not customer.has_perm(ACT)
        assert User.objects.get(username="shop").has_perm(ACT)

    def test_nobody_and_an_inactive_user_hold_none(self) -> None:
        service_token("shop", ACT)
        switch_off()
        backend = OwnAndGroups()
        assert not backend.has_perm(User.objects.get(username="shop"), ACT)
        assert not backend.has_perm(AnonymousUser(), ACT)

    def test_on_one_object_are_not_what_this_knows(self, customer: User) -> None:
        service_token("shop", ACT)
        assert not OwnAndGroups().has_perm(User.objects.get(username="shop"), ACT, customer)


def test_the_description_names_the_token() -> None:
    answer = SiteClient().get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert b"serviceToken" in b"".join([answer.content])
