"""Every page as every caller, by every method, from every site: who may sees it, and no cache keeps what is private."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from tests.security.pages import FORM, MODEL_PAGES, MODELS, PAGES, Page, served
from tests.security.table import BROWSER
from tests.site_client import SiteClient

pytestmark = pytest.mark.django_db

CALLERS = ("public", "user", "staff", "permitted")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None


def enter(caller: str, permission: str = "", *, csrf: bool = False) -> SiteClient:
    client = SiteClient(enforce_csrf_checks=csrf, headers={"User-Agent": BROWSER})
    if caller == "public":
        return client
    user = User.objects.create_user(caller, password="a long password", is_staff=caller != "user")
    for name in permission.split() if caller == "permitted" else ():
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label=app))
    client.force_login(user)
    return client


def expected(page: Page, caller: str) -> int:
    """302 leads to the log-in."""
    may = {
        "shared": CALLERS, "open": CALLERS, "own": CALLERS[1:], "staff": CALLERS[2:], "permitted": CALLERS[3:],
    }[page.kind]  # fmt: skip
    if caller in may:
        return page.status
    return 403 if caller == "staff" else 302


def content(answer: Any) -> bytes:
    return bytes(answer.getvalue() if answer.streaming else answer.content)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_is_answered_as_the_table_says(page: Page, caller: str, settings: Any) -> None:
    if page.route in ("accounts/login", "accounts/signup", "admin/login/"):  # led on by who is signed in already
        expectation = {page.status, 302 if caller != "public" else page.status}
    elif page.route == "accounts/header":  # who is logged in, and nothing for a stranger
        expectation = {204 if caller == "public" else 200}
    elif page.kind == "permitted" and page.path == "admin/codetags/" and caller == "staff":
        expectation = {404}  # of an app of which nothing may be seen, the admin says that there is none
    else:
        expectation = {expected(page, caller)}
    answer = enter(caller, page.permission).get(page.address)
    assert answer.status_code in expectation
    if (
        answer.status_code == 302
        and page.kind in ("own", "staff", "permitted")
        and caller == "public"
        and page.status != 405
    ):
        assert "login" in answer["Location"]


@pytest.mark.parametrize("page", [page for page in PAGES if page.kind in ("own", "staff", "permitted")], ids=str)
def test_who_is_not_shown_the_page_can_not_send_its_form(page: Page, store: Any) -> None:
    before = {key: store.dump(key) for key in store.keys("*")}
    answer = enter("public").post(page.address, {"action": "grant", "amount": "5", "reason": "x", "key": "k"})
    assert answer.status_code in (302, 405)
    assert {key: store.dump(key) for key in store.keys("*")} == before


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_another_site_sends_no_form(page: Page, store: Any) -> None:
    """As a browser sends it for another site's page: with the session's cookie, and saying where it comes from."""
    client = enter("permitted", page.permission, csrf=True)
    before = {key: store.dump(key) for key in store.keys("*")}
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Referer": "https://evil.example/"}
    for method in UNSAFE:
        answer = client.generic(method, page.address, b"a=1", "application/x-www-form-urlencoded", headers=foreign)
        assert answer.status_code in (302, 403, 404, 405), method
        assert answer.status_code != 302 or page.kind == "open", method
    assert {key: store.dump(key) for key in store.keys("*")} == before


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_cache_keeps_what_is_somebodys(page: Page) -> None:
    public, chief = enter("public").get(page.address), SiteClient(headers={"User-Agent": BROWSER})
    chief.force_login(User.objects.create_superuser("chief", password="x"))
    seen = chief.get(page.address)
    kept = seen.get("Cache-Control", "")
    if page.kind == "shared":
        assert "public" in kept
        assert content(seen) == content(public)
        assert not seen.cookies
        assert "Cookie" not in seen.get("Vary", "")
    elif seen.status_code == 200 and content(seen) != content(public) and page.route != "admin/jsi18n/":
        assert "no-store" in kept or "private" in kept


@pytest.mark.parametrize("page", PAGES, ids=str)
@pytest.mark.parametrize("caller", ["public", "permitted"])
def test_nobody_frames_a_page_or_guesses_its_type(page: Page, caller: str) -> None:
    answer = enter(caller, page.permission).get(page.address)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    if page.framed:
        assert "X-Frame-Options" not in answer
        assert answer["Content-Security-Policy"].endswith("; frame-ancestors *")
    elif answer["Content-Type"].startswith("text/html"):
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


# Django's admin answers other methods as a GET; those that write ask for a token (above).
@pytest.mark.parametrize("page", [page for page in PAGES if not page.route.startswith("admin/")], ids=str)
def test_a_page_takes_its_methods_alone(page: Page) -> None:
    client = enter("permitted", page.permission)
    # A form of Django's takes PUT for POST.
    for method in {"GET", "HEAD", "PATCH", "DELETE", "TRACE", "PURGE"} - set(page.methods):
        assert client.generic(method, page.address).status_code in (302, 404, 405), method


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("usual", MODEL_PAGES)
def test_the_admins_usual_pages_are_for_the_permitted(model: str, usual: str) -> None:
    address = f"/admin/{model}/{usual.replace('<path:object_id>', '1')}"
    for caller in ("public", "user", "staff"):
        client = enter(caller)
        for method in ("GET", "POST"):
            status = client.generic(method, address).status_code
            # Of what is not there, or is spelled as of old, Django says so before it asks for the permission.
            wanted = {302} if caller != "staff" else {302, 403, 404} if "object_id" in usual else {403}
            assert status in wanted, (caller, method)


def test_the_table_names_every_address() -> None:
    # One address of the admin is served by a view of ours that stands before it.
    assert sorted(set(served())) == sorted(page.route for page in PAGES)


def test_only_a_form_takes_a_post() -> None:
    assert {page.methods for page in PAGES} == {("GET", "HEAD"), FORM, ("POST",)}
