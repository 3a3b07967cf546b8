"""A script that asks for a part of a page gets a part, or word to go elsewhere; never another whole page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory

from kv.web.fragments import FragmentMiddleware, is_part

HTMX = {"HX-Request": "true"}
PAGES = (
    "/dashboard",
    "/de/dashboard",
    "/dashboard/history",
    "/dashboard/history?before=7",
    "/accounts/profile",
    "/accounts/password",
    "/accounts/data",
    "/accounts/delete",
    "/admin/",
    "/fr/admin/codetags/codecount/",
    "/admin/codetags/codecount/?fragment=1",
    "/admin/usertokens/tokenledger/",
    "/admin/stats/statistics/",
    "/en/dashboard",
)


def next_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["next"][0]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
class TestEveryPage:
    def test_sends_htmx_elsewhere_by_a_header(self, path: str) -> None:
        answer = Client().get(path, headers=HTMX)
        plain = Client().get(path)
        assert plain.status_code in {301, 302}
        assert answer.status_code == 200
        assert answer.content == b""
        assert "Location" not in answer.headers
        assert answer.headers["HX-Redirect"].partition("?")[0] == plain.headers["Location"].partition("?")[0]
        assert "no-store" in answer.headers["Cache-Control"]

    def test_leads_back_to_the_page_that_asked(self, path: str) -> None:
        page = "/es/dashboard?a=1&b=%C3%A9"
        answer = Client().get(path, headers={**HTMX, "HX-Current-URL": f"http://testserver{page}#x"})
        if path != "/en/dashboard":
            assert next_of(answer.headers["HX-Redirect"]) == page


@pytest.mark.django_db
class TestLogIn:
    @pytest.mark.parametrize("path", ["/dashboard/mood", "/dashboard/note", "/admin/codetags/codecount/qr.zip"])
    @pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "htmx"])
    def test_a_forms_target_is_no_page_to_come_back_to(self, path: str, headers: Any) -> None:
        for referer, page in (
            ("http://testserver/de/dashboard?x=1", "/de/dashboard?x=1"),
            ("https://elsewhere.example/dashboard", "/dashboard"),
            ("http://testserver.evil.example/", "/dashboard"),
            ("//evil.example/", "/dashboard"),
            ("", "/dashboard"),
        ):
            answer = Client().post(path, headers={**headers, "Referer": referer})
            target = answer.headers["HX-Redirect" if headers else "Location"]
            assert (referer, next_of(target)) == (referer, page)

    def test_a_page_is_told_apart_from_its_part_only_by_htmx(self, store: Any) -> None:
        client = Client()
        client.force_login(User.objects.create_user("ada"))
        assert "<html" not in client.get("/dashboard", headers=HTMX).text
        for more in ({"HX-History-Restore-Request": "true"}, {"HX-Boosted": "true"}):
            assert "<html" in client.get("/dashboard", headers={**HTMX, **more}).text

    def test_a_page_of_another_user_is_loaded_anew(self, store: Any) -> None:
        client = Client()
        client.force_login(user := User.objects.create_user("ada"))
        own = {**HTMX, "X-Page-User": str(user.pk)}
        assert "HX-Redirect" not in client.get("/dashboard", headers=own).headers
        for answer in (
            client.get("/dashboard", headers={**HTMX, "X-Page-User": "0"}),
            client.post("/dashboard/mood", {"score": "3"}, headers={**HTMX, "X-Page-User": "0"}),
        ):
            assert answer.headers["HX-Redirect"] == "/dashboard"
        assert 'value="3"' not in client.get("/dashboard").text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_keeps_its_cookies(status: int) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        response = HttpResponseRedirect("/there?next=/elsewhere")
        response.status_code = status
        response.set_cookie("kept", "1")
        return response

    request = RequestFactory().get("/", headers=HTMX)
    answer = FragmentMiddleware(view)(request)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/there?next=/elsewhere")
    assert answer.cookies["kept"].value == "1"
    plain = FragmentMiddleware(view)(RequestFactory().get("/"))
    assert (plain.status_code, plain.headers["Location"]) == (status, "/there?next=/elsewhere")


@pytest.mark.parametrize(("value", "said"), [("true", True), ("1", False), ("", False), ("false", False)])
def test_only_htmx_asks_for_parts(value: str, said: bool) -> None:
    assert is_part(RequestFactory().get("/", headers={"HX-Request": value})) is said
