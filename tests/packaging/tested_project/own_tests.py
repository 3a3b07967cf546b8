"""What a project's own tests do: a user of the test database has the number of a real one."""

from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import TestCase, TransactionTestCase

from kv.testing import StoreTestMixin, store
from usertokens.services.balances import get_balance, spend_tokens
from usertokens.services.purchases import grant_tokens


def buy(user: User) -> int:
    grant_tokens(user_id=str(user.pk), amount=500, reason="bought", key="order-1")
    return get_balance(str(user.pk)).tokens.balance


class Careless(TransactionTestCase):
    def test_deletes_its_user(self) -> None:
        User.objects.create_user("test", id=1).delete()

    def test_charges_its_user(self) -> None:
        user = User.objects.create_user("test", id=1)
        spend_tokens(str(user.pk), 50, reason="picture", key="p1")


class Deletes(StoreTestMixin, TransactionTestCase):
    def test_deletes_its_user(self) -> None:
        user = User.objects.create_user("test", id=1)
        assert buy(user) == 600
        user.delete()


class Charges(StoreTestMixin, TestCase):
    def setUp(self) -> None:  # without super
        self.user = User.objects.create_user("test", id=1)

    def test_charges_its_user(self) -> None:
        assert buy(self.user) == 600
        spend_tokens(str(self.user.pk), 50, reason="picture", key="p1")

    def test_is_empty_again(self) -> None:
        assert get_balance(str(self.user.pk)).tokens.balance == 100
        caches["kv"].set("left", 1)
        assert store.kind == "embedded"

    def test_is_empty_again_whatever_the_order(self) -> None:
        assert get_balance(str(self.user.pk)).tokens.balance == 100
        assert caches["kv"].get("left") is None
