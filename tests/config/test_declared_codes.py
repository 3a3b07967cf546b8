"""The description names the codes that an operation may answer, each one and no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.config.api_call import Call
from tests.config.refused_calls import PROVOKED
from tests.declared import declared_codes, operations
from usertokens.services.balances import add_tokens

pytestmark = pytest.mark.django_db

#: Of the server that reads bodies: tests/config/test_rsgi.py and tests/security/test_half_requests.py provoke them.
OF_THE_SERVER = {"body_timeout", "busy", "unknown_transfer_coding"}
TWICE = {"rate_limited"}


@pytest.fixture(autouse=True)
def _users(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None
    settings.TOKEN_ACTIONS = {"image": 10}
    User.objects.create_superuser("chief", password="a long password")
    for name in ("own", "other"):
        User.objects.create_user(name, password="a long password")
    for user in User.objects.all():
        add_tokens(str(user.pk), 100, reason="to begin with")


REFUSALS = [
    pytest.param((method, path, operation), (status, code), id=f"{operation['operationId']}-{code}")
    for method, path, operation in operations()
    for status, codes in declared_codes(operation).items()
    for code in sorted(codes - OF_THE_SERVER)
]


@pytest.mark.parametrize(("described", "refused"), REFUSALS)
def test_each_declared_code_can_be_provoked(
    described: tuple[str, str, dict[str, Any]], refused: tuple[int, str], store: Any
) -> None:
    method, path, operation = described
    status, code = refused
    call = Call(store, method.upper(), path, operation)
    PROVOKED[code](call)
    answer = call.send(times=2 if code in TWICE else 1)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert body["detail"]
    assert ("errors" in body) == (status == 400)


def test_every_way_to_provoke_one_is_needed() -> None:
    declared = [codes for _, _, operation in operations() for codes in declared_codes(operation).values()]
    assert set[str]().union(*declared) == PROVOKED.keys() | OF_THE_SERVER
