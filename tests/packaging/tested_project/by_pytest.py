"""The same by pytest, without a word about the store."""

import pytest
from django.contrib.auth.models import User

from kv.testing import store
from usertokens.services.balances import get_balance, spend_tokens


@pytest.mark.parametrize("turn", range(6))
def test_each_begins_empty(turn: int, transactional_db: None) -> None:
    user = User.objects.create_user("test", id=1)
    assert get_balance(str(user.pk)).tokens.balance == 100
    spend_tokens(str(user.pk), 10, reason="picture", key="p1")
    user.delete()


def test_says_what_it_is() -> None:
    assert store.kind == "embedded"
