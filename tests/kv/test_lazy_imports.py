"""What a process imports before it has served anybody: counted in modules, each kind of process in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from copy import copy, deepcopy
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest
from django.urls import resolve
from rest_framework.views import APIView

from benchmarks.start import project
from kv.web import lazy_views
from tests.house.tree import ROOT

# What only a page, a payment, a picture or the description of the API needs.
SELDOM = {
    "babel", "charset_normalizer", "docutils", "drf_spectacular.openapi", "drf_spectacular.plumbing", "jinja2",
    "markdown", "openpyxl", "stripe", "unittest", "urllib3",
}  # fmt: skip
SAY = "\nimport sys; print('\\n'.join(sys.modules))"


def modules_after(code: str, data: Path) -> set[str]:
    """The names in sys.modules of a process of its own that has run the code."""
    environment = {**os.environ, "DATA_DIR": str(data), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    for name in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "REDIS_URL"):
        environment.pop(name, None)
    command = [sys.executable, "-c", code + SAY]
    done = subprocess.run(command, cwd=data, env=environment, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_a_web_worker_has_its_views_and_nothing_that_only_a_few_pages_need(data: Path) -> None:
    found = modules_after("import config.wsgi", data)
    assert {"stats.views.api", "codetags.views.api", "usertokens.views.tokens", "billing.views.webhook"} <= found
    assert SELDOM & found == set()
    assert len(found) <= 1470, len(found)  # Python 3.14 and Django 6.1 import some twenty more themselves


# The most modules of kv and the app itself: the codes have campaigns and breakdowns, the tokens have mails and the
# staff's desk, billing has automatic top-up.
@pytest.mark.parametrize(("app", "most"), [("stats", 90), ("codetags", 105), ("usertokens", 110), ("billing", 115)])
def test_an_adopters_project_imports_no_rest_framework_before_it_serves(app: str, most: int, data: Path) -> None:
    """A management command, a worker of a queue, a shell: they have the URL conf and serve nobody."""
    bare = modules_after(project(data), data)
    ours = modules_after(project(data, "kv", app), data)
    more = ours - bare
    assert (SELDOM | {"rest_framework.views", "rest_framework.serializers", "requests", "yaml"}) & more == set()
    own = {name for name in more if name.partition(".")[0] in {"kv", app}}
    assert len(own) <= most, sorted(own)


def test_a_lazy_view_is_the_view_to_whoever_looks_at_it() -> None:
    for path, name in {
        "/api/stats/visit": "stats.views.api.VisitView",
        "/api/webhooks/stripe": "billing.views.webhook.StripeWebhookView",
        "/statistics": "stats.views.pages.statistics",
    }.items():
        match = resolve(path)
        assert match._func_path == name
        assert getattr(match.func, "csrf_exempt", False) is path.startswith("/api/")
        assert issubclass(getattr(match.func, "cls", object), APIView) is path.startswith("/api/")
        assert not hasattr(match.func, "nothing_of_the_kind")
    assert resolve("/api/webhooks/stripe").func._non_atomic_requests == {"default"}  # type: ignore[attr-defined] # it has one
    assert not hasattr(resolve("/api/stats/visit").func, "_non_atomic_requests")


def test_every_view_of_the_site_is_found_where_its_url_says() -> None:
    lazy_views.load_views()


def test_a_view_that_is_not_there_is_an_error_and_not_a_missing_attribute() -> None:
    wrong = lazy_views.LazyView("stats.views.api.NoSuchView")
    lazy_views._made.remove(wrong)
    with pytest.raises(ImportError, match="NoSuchView"):
        hasattr(wrong, "csrf_exempt")


def test_a_project_may_wrap_copy_and_mark_a_lazy_view() -> None:
    """As `decorator_include`, `cache_page` and `non_atomic_requests` do with what they find in a URL conf."""
    view = lazy_views.LazyView("stats.views.api.VisitView")

    @wraps(view)
    def wrapper(request: HttpRequest) -> Any:
        return view(request)

    assert vars(wrapper)["csrf_exempt"] is True
    assert vars(wrapper)["view_class"] is view.view_class
    assert wrapper.__module__ == "stats.views.api"
    marked = non_atomic_requests(using="other")(view)
    assert marked is view
    assert view.load()._non_atomic_requests == {"other"}
    for other in (copy(view), deepcopy(view)):
        assert repr(other) == repr(view) == "<LazyView stats.views.api.VisitView>"
        assert other.view_class is view.view_class
        lazy_views._made.remove(other)
    lazy_views._made.remove(view)
