"""A page that can't do without the store answers 503."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from kv.errors import StoreUnavailable
from kv.web.unavailable import refuse_while_away


@refuse_while_away
def page(request: HttpRequest, *, is_away: bool) -> HttpResponse:
    if is_away:
        raise StoreUnavailable("refused")
    return HttpResponse("there")


def test_while_the_store_is_away_it_is_503(rf: RequestFactory) -> None:
    answer: Any = page(rf.get("/"), is_away=True)
    assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "1", "no-store")


def test_a_project_without_a_page_of_its_own_has_a_plain_one(rf: RequestFactory) -> None:
    engine = "django.template.backends.django.DjangoTemplates"
    with override_settings(TEMPLATES=[{"BACKEND": engine, "APP_DIRS": True}]):
        assert "Temporarily unavailable" in page(rf.get("/"), is_away=True).text


def test_otherwise_it_is_the_view(rf: RequestFactory) -> None:
    assert page(rf.get("/"), is_away=False).text == "there"
