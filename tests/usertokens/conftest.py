"""Users to test with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from rest_framework.test import APIClient

from tests.midday import midday_zone
from tests.usertokens.mailing import mailbox, reader
from usertokens.services import get_balance

__all__ = ["mailbox", "reader"]


@pytest.fixture
def midday(settings: Any) -> None:
    """A time zone in which no test sees midnight."""
    settings.TIME_ZONE = midday_zone()


@pytest.fixture
def user(store: Any, db: None) -> User:
    return User.objects.create_user("ada", password="correct horse battery")


@pytest.fixture
def other(store: Any, db: None) -> User:
    return User.objects.create_user("bob", password="correct horse battery")


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


@pytest.fixture
def api(user: User) -> APIClient:
    return client_of(user)


@pytest.fixture
def permitted(store: Any, db: None) -> Callable[..., APIClient]:
    """A caller with the permissions named, such as `permitted("act_for_any")`."""

    def make(*codenames: str) -> APIClient:
        service = User.objects.create_user(f"service-{'-'.join(codenames)}")
        service.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        return client_of(service)

    return make


@pytest.fixture
def payer(user: User, settings: Any) -> Client:
    """A user with 100 tokens, in a project with Django's own middleware alone."""
    settings.MIDDLEWARE = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ]
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
    settings.REST_FRAMEWORK = {}
    settings.LOGIN_URL = "/accounts/login"
    client = Client(raise_request_exception=False)
    client.force_login(user)
    get_balance(str(user.pk))
    return client


@pytest.fixture
def ada(store: Any, db: None) -> str:
    return str(User.objects.create_user("ada").pk)


@pytest.fixture
def bob(store: Any, db: None) -> str:
    return str(User.objects.create_user("bob").pk)
