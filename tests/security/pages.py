"""Every address that is a page, a file or a form, the admin's own included, and who may open it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.contrib.admin import site
from django.urls import URLPattern, URLResolver, get_resolver

from kv.rest.views import ApiView

if TYPE_CHECKING:
    from collections.abc import Iterator

#: shared: the same for all, so that a cache may keep it. open: for all, kept by nobody. own: the signed-in.
#: staff: any member of staff. permitted: a member of staff with the permission.
Kind = Literal["shared", "open", "own", "staff", "permitted"]
READ = ("GET", "HEAD")
FORM = ("GET", "HEAD", "POST")


@dataclass(frozen=True)
class Page:
    """route: as Django spells the pattern. path: how to ask for it. methods: what it takes; all else is a 405 or 403.

    status: what who may is answered to a GET. permission: of kind permitted.
    """

    route: str
    kind: Kind
    methods: tuple[str, ...] = READ
    status: int = 200
    permission: str = ""
    path: str = ""

    @property
    def address(self) -> str:
        """Where it is asked for."""
        return f"/{self.path or self.route}"

    def __str__(self) -> str:
        return self.address


PAGES = (
    Page("", "shared"),
    Page("favicon.ico", "shared", status=302),
    Page("apple-touch-icon.png", "shared", status=302),
    Page("robots.txt", "shared"),
    Page("sitemap.xml", "shared"),
    Page("manifest.webmanifest", "shared"),
    Page("^en(?:/(?P<rest>.*))?$", "open", path="en/pay", status=302),
    Page("healthz", "open"),
    Page("readyz", "open"),
    Page("api/schema", "open"),
    Page("api/docs", "open"),
    Page("pay", "shared", FORM),
    Page("statistics", "shared"),
    Page("cookies", "shared"),
    Page("privacy", "shared"),
    Page("cookies/settings", "open", FORM),
    Page("cookies/notice.css", "open"),
    Page("pricing", "shared"),
    Page("pricing/checkout", "open", FORM, status=302),
    Page("pricing/portal", "open", FORM, status=302),
    Page("pricing/return", "own", status=302),
    Page("dashboard", "own"),
    Page("dashboard/mood", "own", ("POST",), status=405),
    Page("dashboard/note", "own", ("POST",), status=405),
    Page("dashboard/history", "own"),
    Page("dashboard/history.csv", "own"),
    Page("accounts/data", "own"),
    Page("accounts/delete", "own", FORM),
    Page("accounts/profile", "own"),
    Page("accounts/sessions", "own", FORM),
    Page("accounts/password", "own", FORM),
    Page("accounts/password/done", "own"),
    Page("accounts/second-factor", "open", FORM, status=302),
    Page("accounts/second-factor/settings", "staff", FORM),
    Page("accounts/login", "open", FORM),
    Page("accounts/signup", "open", FORM),
    Page("accounts/logout", "open", ("POST",), status=405),
    Page("admin/", "staff"),
    Page("admin/login/", "open", FORM),
    Page("admin/logout/", "staff", ("POST",), status=405),
    Page("admin/password_change/", "staff", FORM),
    Page("admin/password_change/done/", "staff"),
    Page("admin/jsi18n/", "staff"),
    Page("admin/autocomplete/", "staff", status=403),
    Page("admin/r/<path:rest>", "open", path="admin/r/1/1/", status=404),
    Page("admin/r/<path:content_type_id>/<path:object_id>/", "open", path="fr/admin/r/1/1/", status=404),
    Page("admin/<app_label>/", "permitted", permission="codetags.view_codetag", path="admin/codetags/"),
    Page("admin/(?P<url>.*)$", "staff", path="admin/nowhere", status=404),
    Page("admin/stats/statistics/", "permitted", permission="stats.view_statistics"),
    Page("admin/codetags/codecount/", "permitted", permission="codetags.view_counts"),
    Page("admin/codetags/codecount/export.csv", "permitted", permission="codetags.view_counts"),
    Page("admin/codetags/codecount/qr.zip", "permitted", ("POST",), 405, "codetags.view_counts"),
    Page("admin/codetags/codecount/<str:code>/", "permitted", status=404, permission="codetags.view_counts",
         path="admin/codetags/codecount/DEMO/"),
    Page("admin/codetags/codecount/<str:code>/qr.svg", "permitted", permission="codetags.view_counts",
         path="admin/codetags/codecount/DEMO/qr.svg"),
    Page("admin/codetags/codecount/<str:code>/qr.png", "permitted", permission="codetags.view_counts",
         path="admin/codetags/codecount/DEMO/qr.png"),
    Page("admin/usertokens/tokenledger/", "permitted", permission="usertokens.view_any"),
    Page("admin/usertokens/tokenledger/<str:user_id>/", "permitted", FORM, permission="usertokens.view_any",
         path="admin/usertokens/tokenledger/test-user-id/"),
    # Answers with the way back; without the permission it has done nothing (tests/billing/test_admin.py).
    Page("admin/billing/stripecustomer/<path:object_id>/sync/", "staff", FORM, 302,
         path="admin/billing/stripecustomer/1/sync/"),
)  # fmt: skip

#: The admin's usual pages of a model: its list and forms, each by the model's own permissions.
MODEL_PAGES = ("", "add/", "<path:object_id>/history/", "<path:object_id>/delete/", "<path:object_id>/change/",
               "<path:object_id>/")  # fmt: skip


#: Every model in the admin, as its addresses spell it.
MODELS = tuple(sorted(f"{model._meta.app_label}/{model._meta.model_name}" for model in site._registry))


def served() -> Iterator[str]:
    """The pattern of every address of the site that is none of the API's, and no usual page of a model."""
    usual = {f"admin/{model}/{page}" for model in MODELS for page in (*MODEL_PAGES, "<id>/password/")}
    named = {page.route for page in PAGES}
    for route, pattern in _walk(get_resolver().url_patterns, ""):
        is_call = issubclass(getattr(pattern.callback, "cls", object), ApiView)
        if not is_call and (route in named or route not in usual):
            yield re.sub(r"\^\(\?P<app_label>[a-z|]+\)/\$", "<app_label>/", route)


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern
