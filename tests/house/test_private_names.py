"""Private names of Django and its packages that the apps use: a version without one says which is missing."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from django.http import HttpRequest
from rest_framework.request import Request

#: An object of a library with the private names that we read on it.
USED = {
    "_request": Request(HttpRequest()),
    "_cache": RedisCache("redis://h", {}),
    "_servers": RedisCacheClient(["redis://h"]),
    "_pool_class": RedisCacheClient(["redis://h"]),
    "_pool_options": RedisCacheClient(["redis://h"]),
}


@pytest.mark.parametrize("name", USED)
def test_it_is_there(name: str) -> None:
    assert hasattr(USED[name], name)


def test_the_public_ones_are_there() -> None:
    assert hasattr(get_user_model(), "_meta")
    assert hasattr(get_user_model(), "_default_manager")
