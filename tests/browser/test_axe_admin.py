"""axe-core has nothing to say on any page of the admin: its lists, its forms, what it asks and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from knox.models import AuthToken
from playwright.sync_api import FilePayload, expect

from billing.models import StripeCustomer, StripeEvent
from codetags.models import Campaign, CodeTag, Placement
from codetags.services.hits import record_hit
from codetags.services.registry import mirror_registry
from codetags.types import Audience, Device
from tests.browser.test_dashboard import busy_user, sign_in
from tests.browser.test_looks import barriers_in_each_look
from tests.security.pages import PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page


#: Pages of codes with what may be on them, beside those without.
_COUNTS = "/admin/codetags/codecount/"
CODE_PAGES = (
    f"{_COUNTS}campaigns/1/",
    f"{_COUNTS}BT26/",
    f"{_COUNTS}?group=campaign",
    f"{_COUNTS}compare/?code=BT26&code=DEMO&campaign=Trade%20fair",
    f"{_COUNTS}qr/?code=BT26&call=de-scan",
    f"{_COUNTS}qr/?code=BT26&code=DEMO&registered=*",
    f"{_COUNTS}qr/?code=BT26&dark=%23aaaaaa",
)


def admin_pages() -> Iterator[str]:
    """Every list, form, deletion and history of every model, and the pages beside them."""
    yield "/de/admin/"
    for page in PAGES:
        if (
            page.kind in ("staff", "permitted")
            and "GET" in page.methods
            and not page.address.endswith((".csv", ".pdf", ".png"))
        ):
            yield page.address.replace("/DEMO/", "/BT26/")
    yield from CODE_PAGES
    for label in sorted({model._meta.app_label for model in admin.site._registry}):
        yield reverse("admin:app_list", args=[label])
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        yield from _forms(name, model._default_manager.first() if model._meta.managed else None)


def _forms(name: str, row: Any) -> Iterator[str]:
    places = [("add", ()), *((what, (row.pk,)) for what in ("change", "delete", "history") if row is not None)]
    for what, args in places:
        try:
            yield reverse(f"{name}_{what}", args=args)
        except NoReverseMatch:
            continue  # a page in the list's place has none


@pytest.fixture
def staff_page(site: str, page: Page) -> Page:
    """Signed in as an owner, with something in every list."""
    user = busy_user()
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    # The address of the campaign in `tests.security.pages`.
    fair = Campaign.objects.create(pk=1, name="Trade fair", note="Hall 3", cost_cents=12_500)
    tag = CodeTag.objects.create(code="BT26", label="Poster", campaign=fair)
    Placement.objects.create(code=tag, name="hall-1", label="Hall 1, entrance")
    mirror_registry()
    seen = Audience(Device.PHONE, "fr", "news.example.org", "CH")
    record_hit(code="BT26", address="10.0.0.1", agent="Mozilla/5.0", at="hall-1", audience=seen)
    AuthToken.objects.create(user=user)
    Group.objects.create(name="clerks")
    AccessAttempt.objects.create(
        path_info="/admin/login/", username="x", ip_address="127.0.0.1", failures_since_start=1
    )
    now = timezone.now()
    StripeCustomer.objects.create(user=user, customer_id="cus_1")
    StripeEvent.objects.create(event_id="evt_1", type="charge.refunded", state="parked", happened_at=now, due_at=now)
    sign_in(page, site, user)
    return page


def test_the_admin(site: str, staff_page: Page) -> None:
    wrong: list[tuple[str, str]] = []
    for path in dict.fromkeys(admin_pages()):
        answer = staff_page.goto(site + path)
        is_page = answer is not None and answer.headers.get("content-type", "").startswith("text/html")
        assert path not in CODE_PAGES or (answer is not None and answer.status == 200), path
        if answer is not None and answer.status == 200 and is_page:  # what may not be added has no form
            wrong += [(path, found) for found in barriers_in_each_look(staff_page)]
    assert wrong == [], "\n".join(map(str, wrong))


def many_codes(site: str, page: Page) -> list[tuple[str, str]]:
    """What a file of codes and a pattern lead to: refused, with errors by row, previewed, imported; made."""
    wrong: list[tuple[str, str]] = []
    registry = f"{site}/admin/codetags/codetag/"
    files = {
        "a file without a code": ("label\nx\n", ".errorlist"),
        "rows with errors": ("code,label,end\nBT2,x,\nBT27,,soon\n", ".errornote"),
        "nothing to import": ("code,label\nBT26,Poster\n", ".codes-totals"),
        "a preview": ("code,label,campaign\nBT26,Banner,Fair\nBT27,New one,Fair\n", "form[action$='/process_import/']"),
    }
    for name, (text, sign) in files.items():
        page.goto(f"{registry}import/")
        file = FilePayload(name="codes.csv", mimeType="text/csv", buffer=text.encode())
        page.locator("[name=import_file]").set_input_files(file)
        page.locator(".codes-page form [type=submit]").click()
        expect(page.locator(sign).first).to_be_visible()
        wrong += [(name, found) for found in barriers_in_each_look(page)]
    page.locator("form[action$='/process_import/'] [type=submit]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    wrong += [("imported", found) for found in barriers_in_each_look(page)]
    page.goto(f"{registry}make/")
    for pattern, sign in (("B!??", ".errorlist"), ("AX??", ".codes-made")):
        page.locator("[name=label]").fill("Tram {n}")
        page.locator("[name=pattern]").fill(pattern)
        page.locator(".codes-page form [type=submit]").click()
        expect(page.locator(sign).first).to_be_visible()
        wrong += [(pattern, found) for found in barriers_in_each_look(page)]
    return wrong


def test_the_admin_when_it_asks_and_refuses(site: str, staff_page: Page) -> None:
    wrong: list[tuple[str, str]] = []
    for path in ("/admin/codetags/codetag/add/", "/admin/auth/user/add/", "/admin/knox/authtoken/add/"):
        staff_page.goto(site + path)
        staff_page.locator("input[name=_save]").click()
        expect(staff_page.locator(".errornote")).to_be_visible()
        wrong += [(path, found) for found in barriers_in_each_look(staff_page)]
    staff_page.goto(f"{site}/admin/codetags/codetag/")
    staff_page.locator("#action-toggle").check()
    staff_page.locator("select[name=action]").select_option("delete_selected")
    staff_page.get_by_role("button", name="Go").click()
    expect(staff_page.get_by_role("heading", name="Delete multiple objects")).to_be_visible()
    wrong += [("delete_selected", found) for found in barriers_in_each_look(staff_page)]
    for path in ("/admin/auth/user/?q=nobody", "/admin/auth/user/add/?_popup=1", "/admin/codetags/codecount/?q=ZZ"):
        staff_page.goto(site + path)
        wrong += [(path, found) for found in barriers_in_each_look(staff_page)]
    wrong += many_codes(site, staff_page)
    staff_page.context.clear_cookies()
    staff_page.goto(f"{site}/admin/")
    staff_page.locator("input[name=username]").fill("nobody")
    staff_page.locator("input[name=password]").fill("wrong")
    staff_page.locator("input[type=submit]").click()
    expect(staff_page.locator(".errornote")).to_be_visible()
    wrong += [("login", found) for found in barriers_in_each_look(staff_page)]
    assert wrong == [], "\n".join(map(str, wrong))
