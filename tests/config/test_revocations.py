"""What is revoked holds from the next call on: whatever it is, whoever changes the database, by any connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken

from tests.site_client import SiteClient
from tests.stats.callers import post, service_token
from usertokens.services.balances import get_balance
from usertokens.views.quick import QuickPostView

if TYPE_CHECKING:
    from collections.abc import Iterator

ACT = "usertokens.act_for_any"
SOON = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


class Shop:
    """A service that spends for a customer; `way`: how it came to the permission."""

    def __init__(self, way: str) -> None:
        self.customer = User.objects.create_user("customer")
        # The command gives a permission to the account, so it is given one that is not asked for.
        self.token = service_token("shop", ACT if way == "own" else "stats.record_qr")
        self.account = User.objects.get(username="shop")
        if way == "group":
            group = Group.objects.create(name="acting")
            group.permissions.add(Permission.objects.get(codename="act_for_any"))
            self.account.groups.add(group)
        if way == "superuser":
            User.objects.filter(pk=self.account.pk).update(is_superuser=True)

    def spend(self) -> int:
        body = {"amount": 1, "reason": "article", "userId": str(self.customer.pk)}
        return int(post(SiteClient(), "/api/tokens/spend", body, token=self.token).status_code)

    def balance(self) -> int:
        return get_balance(str(self.customer.pk)).tokens.balance


@dataclass(frozen=True)
class Revocation:
    """What is taken away: by the ORM, and by statements of SQL, in which `account` and `customer` are ids."""

    name: str
    by_orm: Callable[[Shop], object]
    by_sql: tuple[str, ...]
    status: int
    way: str = "own"
    params: Callable[[], tuple[Any, ...]] = tuple

    def __str__(self) -> str:
        return self.name


def tokens(shop: Shop) -> Any:
    return AuthToken.objects.filter(user=shop.account)


def accounts(shop: Shop) -> Any:
    return User.objects.filter(pk=shop.account.pk)


_LINKS = ("auth_user_user_permissions", "auth_user_groups", "knox_authtoken", "django_admin_log")
_WITHOUT_LINKS = tuple(f"DELETE FROM {table} WHERE user_id = {{account}}" for table in _LINKS)
_ACTING = "(SELECT id FROM auth_permission WHERE codename = 'act_for_any')"

REVOCATIONS = (
    Revocation("the token is deleted", lambda shop: tokens(shop).get().delete(),
               ("DELETE FROM knox_authtoken WHERE user_id = {account}",), 401),
    Revocation("the token has expired", lambda shop: tokens(shop).update(expiry=timezone.now() - SOON),
               ("UPDATE knox_authtoken SET expiry = '2020-01-01 00:00:00+00:00'",), 401),
    Revocation("the token is another one", lambda shop: tokens(shop).update(digest="0" * 128),
               (f"UPDATE knox_authtoken SET digest = '{'0' * 128}'",), 401),
    Revocation("the token begins otherwise", lambda shop: tokens(shop).update(token_key="0" * 15),
               (f"UPDATE knox_authtoken SET token_key = '{'0' * 15}'",), 401),
    Revocation("the token is another's", lambda shop: tokens(shop).update(user=shop.customer),
               ("UPDATE knox_authtoken SET user_id = {customer}",), 200),  # who spends for themselves
    Revocation("the account is switched off", lambda shop: accounts(shop).update(is_active=False),
               ("UPDATE auth_user SET is_active = false WHERE id = {account}",), 401),
    Revocation("the account is deleted", lambda shop: shop.account.delete(),
               (*_WITHOUT_LINKS, "DELETE FROM auth_user WHERE id = {account}"), 401),
    Revocation("the permission is taken", lambda shop: shop.account.user_permissions.clear(),
               ("DELETE FROM auth_user_user_permissions WHERE user_id = {account}",), 403),
    Revocation("the permission is another one",
               lambda _: Permission.objects.filter(codename="act_for_any").update(codename="act_for_some"),
               ("UPDATE auth_permission SET codename = 'act_for_some' WHERE codename = 'act_for_any'",), 403),
    Revocation("the permission is no more", lambda _: Permission.objects.get(codename="act_for_any").delete(),
               (f"DELETE FROM auth_user_user_permissions WHERE permission_id = {_ACTING}",
                "DELETE FROM auth_permission WHERE codename = 'act_for_any'"), 403),
    Revocation("the group has it no more", lambda _: Group.objects.get().permissions.clear(),
               ("DELETE FROM auth_group_permissions",), 403, "group"),
    Revocation("the account has left the group", lambda shop: shop.account.groups.clear(),
               ("DELETE FROM auth_user_groups WHERE user_id = {account}",), 403, "group"),
    Revocation("the group is no more", lambda _: Group.objects.all().delete(),
               ("DELETE FROM auth_group_permissions", "DELETE FROM auth_user_groups", "DELETE FROM auth_group"), 403,
               "group"),
    Revocation("the account is no superuser", lambda shop: accounts(shop).update(is_superuser=False),
               ("UPDATE auth_user SET is_superuser = false WHERE id = {account}",), 403, "superuser"),
    Revocation("the superuser is switched off", lambda shop: accounts(shop).update(is_active=False),
               ("UPDATE auth_user SET is_active = false WHERE id = {account}",), 401, "superuser"),
    Revocation("the other user is deleted", lambda shop: User.objects.filter(pk=shop.customer.pk).delete(),
               ("DELETE FROM auth_user WHERE id = {customer}",), 404),
    # A user who may not log in keeps their tokens, and who acts for them may spend those.
    Revocation("the other user is switched off",
               lambda shop: User.objects.filter(pk=shop.customer.pk).update(is_active=False),
               ("UPDATE auth_user SET is_active = false WHERE id = {customer}",), 200),
)  # fmt: skip


def by_sql(shop: Shop, revocation: Revocation) -> None:
    with connection.cursor() as cursor:
        for statement in revocation.by_sql:
            cursor.execute(statement.format(account=shop.account.pk, customer=shop.customer.pk))


def elsewhere(shop: Shop, revocation: Revocation) -> None:
    """Another thread has another connection: to the database it is another process."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            by_sql(shop, revocation)
        except BaseException as error:  # noqa: BLE001 (raised again below)
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Which calls were answered without DRF, and that some were."""
    calls: list[bool] = []
    real_move = QuickPostView._move.__func__  # type: ignore[attr-defined] # it has one

    def noted(cls: Any, meta: Any, read: Any) -> Any:
        moved = real_move(cls, meta, read)
        calls.append(moved is not None)
        return moved

    monkeypatch.setattr(QuickPostView, "_move", classmethod(noted))
    yield calls
    assert calls[0]


def assert_holds(shop: Shop, revoke: Callable[[], object], status: int) -> None:
    assert [shop.spend() for _ in range(3)] == [200] * 3
    balance = shop.balance()
    revoke()
    assert shop.spend() == status
    if status != 404:  # whose tokens are gone with them, where the ORM deleted
        assert shop.balance() == balance - (status == 200)


@pytest.mark.django_db
@pytest.mark.parametrize("revocation", REVOCATIONS, ids=str)
def test_by_the_orm_it_holds_at_the_next_call(revocation: Revocation, quick: list[bool]) -> None:
    shop = Shop(revocation.way)
    assert_holds(shop, lambda: revocation.by_orm(shop), revocation.status)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("revocation", REVOCATIONS, ids=str)
def test_by_sql_on_another_connection_it_holds_at_the_next_call(revocation: Revocation, quick: list[bool]) -> None:
    shop = Shop(revocation.way)
    assert_holds(shop, lambda: elsewhere(shop, revocation), revocation.status)


@pytest.mark.django_db
def test_what_is_given_back_holds_at_the_next_call_too(quick: list[bool]) -> None:
    shop = Shop("own")
    assert shop.spend() == 200
    accounts(shop).update(is_active=False)
    assert shop.spend() == 401
    accounts(shop).update(is_active=True)
    assert shop.spend() == 200
    assert quick == [True, False, True]


@pytest.mark.django_db
def test_in_the_admin_it_holds_at_the_next_call(quick: list[bool]) -> None:
    shop, admin = Shop("own"), SiteClient()
    admin.force_login(User.objects.create_superuser("root"))
    assert shop.spend() == 200
    address = f"/admin/knox/authtoken/{tokens(shop).get().pk}/delete/"
    assert admin.post(address, {"post": "yes"}).status_code == 302
    assert LogEntry.objects.exists()
    assert shop.spend() == 401
