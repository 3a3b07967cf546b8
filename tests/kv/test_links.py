"""Addresses are found wherever a project has included the apps."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.urls import NoReverseMatch, include, path

from kv.web.links import app_url, app_url_or_none
from stats.urls import api


def _urls(*patterns: Any) -> Any:
    module = ModuleType("urls")
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined] # a module made here
    return override_settings(ROOT_URLCONF=module)


STATS = path("", include("stats.urls"))


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ([STATS], "/api/stats/visit"),
        ([path("shop/", include([STATS]))], "/shop/api/stats/visit"),
        ([path("shop/", include(([STATS], "shop")))], "/shop/api/stats/visit"),
        ([path("a/", include(([path("b/", include(([STATS], "inner")))], "outer")))], "/a/b/api/stats/visit"),
        ([path("a/", include(([STATS], "shop"), namespace="other"))], "/a/api/stats/visit"),
        ([path("", include((api, "stats_api"), namespace="numbers"))], "/api/stats/visit"),
        ([path("a/", include(([path("", include((api, "stats_api"), namespace="n"))], "b")))], "/a/api/stats/visit"),
    ],
)
def test_found_in_any_namespace(patterns: list[Any], found: str) -> None:
    with _urls(*patterns):
        assert app_url("stats_api:visit") == found
        assert Template("{% load kv %}{% app_url 'stats_api:visit' %}").render(Context()) == found


def test_one_that_is_not_included_is_none() -> None:
    with _urls(path("shop/", include(([STATS], "shop")))):
        assert app_url_or_none("usertokens:dashboard") is None
        with pytest.raises(NoReverseMatch):
            app_url("usertokens:dashboard")
        with pytest.raises(NoReverseMatch):
            app_url("stats_api:nothing")
