"""Whatever the API is sent, it answers as its own description says, and never with a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import Permission, User
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from knox.models import AuthToken
from schemathesis import GenerationMode, checks

from config.wsgi import application

SCHEMA = schemathesis.openapi.from_wsgi("/api/schema", application)
FOUND: list[Any] = list(SCHEMA.get_all_operations())
OPERATIONS = {found.ok().label: found.ok() for found in FOUND}
APPS = ("stats", "usertokens", "codetags", "billing")
EXAMPLES = 15
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# A request that carries nothing can't be wrong.
CASES = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters
]

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _unlimited(store: Any, shop: Any, settings: Any) -> None:
    """The store is empty, no request is one too many, and billing is switched on."""
    settings.RATE_LIMITS = None


@pytest.fixture
def token() -> str:
    """Of a service that may do everything the apps know of."""
    service = User.objects.create_user("service")
    service.user_permissions.set(Permission.objects.filter(content_type__app_label__in=APPS))
    return str(AuthToken.objects.create(service)[1])


def send_many(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    """Send so many made-up requests and hold each answer against the description."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,  # a test that fails must fail again
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    send()


@pytest.mark.parametrize(("label", "mode"), CASES, ids=lambda value: getattr(value, "value", value))
class TestAnswers:
    def test_to_the_public_are_as_described(self, label: str, mode: GenerationMode) -> None:
        send_many(OPERATIONS[label], mode, {"User-Agent": "Mozilla/5.0 Firefox/130.0"})

    def test_to_a_permitted_service_are_as_described(self, label: str, mode: GenerationMode, token: str) -> None:
        send_many(OPERATIONS[label], mode, {"User-Agent": "shop/1.0", "Authorization": f"Token {token}"})


def test_the_description_names_every_address() -> None:
    described = {label.split(" ", 1)[1] for label in OPERATIONS}
    assert described >= {"/api/stats", "/api/stats/visit", "/api/stats/qr", "/api/track-usage", "/api/usage"}
