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

    status: what who may is answered to a GET. permission: of kind permitted; several with a space between them.
    framed: other sites may show it in a frame.
    """

    route: str
    kind: Kind
    methods: tuple[str, ...] = READ
    status: int = 200
    permission: str = ""
    path: str = ""
    framed: bool = False

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
    Page("api/docs", "shared"),
    Page("api/docs/try", "open"),
    Page("pay", "shared", FORM),
    Page("statistics", "shared"),
    Page("embed", "shared", framed=True),
    Page("cookies", "shared"),
    Page("privacy", "shared"),
    Page("cookies/settings", "open", FORM),
    Page("cookies/notice.css", "open"),
    Page("pricing", "shared"),
    Page("pricing/checkout", "open", FORM, status=302),
    Page("pricing/portal", "open", FORM, status=302),
    Page("pricing/auto-topup", "own", FORM, status=503),
    Page("pricing/auto-topup/card", "own", FORM, status=503),
    Page("pricing/auto-topup/confirm", "own", FORM, status=503),
    Page("pricing/auto-topup/off", "open", FORM, status=302),
    Page("pricing/return", "own", status=302),
    Page("pricing/mine", "open", status=204),
    Page("pricing/cancelled", "open"),
    Page("pricing/payments/<str:payment_id>", "own", status=503, path="pricing/payments/in_1"),
    Page("dashboard", "own"),
    Page("dashboard/mood", "own", ("POST",), status=405),
    Page("dashboard/note", "own", ("POST",), status=405),
    Page("dashboard/budget", "own", FORM),
    Page("dashboard/history", "own"),
    Page("dashboard/history.csv", "own"),
    Page("redeem", "open", FORM),
    Page("accounts/data", "own"),
    Page("accounts/mails", "own", FORM),
    Page("accounts/mails/stop/<str:token>", "open", FORM, status=404, path="accounts/mails/stop/x"),
    Page("accounts/delete", "own", FORM),
    Page("accounts/header", "open"),
    Page("accounts/profile", "own"),
    Page("accounts/sessions", "own", FORM),
    Page("accounts/password", "own", FORM),
    Page("accounts/password/done", "own"),
    Page("accounts/password/reset", "open", FORM),
    Page("accounts/password/reset/sent", "open"),
    Page("accounts/password/reset/done", "open"),
    Page("accounts/password/reset/<uidb64>/<token>", "open", FORM, path="accounts/password/reset/MQ/x"),
    Page("accounts/recover", "open", FORM),
    Page("accounts/recovery-codes", "own", FORM),
    Page("accounts/email", "own", FORM),
    Page("accounts/email/confirm/<secret>", "own", FORM, path="accounts/email/confirm/x"),
    Page("accounts/email/remove", "own", FORM, status=302),
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
    Page("admin/codetags/codecount/compare/", "permitted", FORM, permission="codetags.view_counts"),
    Page("admin/codetags/codecount/campaigns/<int:pk>/", "permitted", status=404, permission="codetags.view_counts",
         path="admin/codetags/codecount/campaigns/1/"),
    Page("admin/codetags/codecount/campaigns/<int:pk>/qr.zip", "permitted", ("POST",), 405, "codetags.view_counts",
         path="admin/codetags/codecount/campaigns/1/qr.zip"),
    Page("admin/codetags/codecount/<str:code>/", "permitted", status=404, permission="codetags.view_counts",
         path="admin/codetags/codecount/DEMO/"),
    Page("admin/codetags/codecount/<str:code>/breakdown.csv", "permitted", status=404,
         permission="codetags.view_counts", path="admin/codetags/codecount/DEMO/breakdown.csv"),
    Page("admin/codetags/codecount/<str:code>/qr.svg", "permitted", permission="codetags.view_counts",
         path="admin/codetags/codecount/DEMO/qr.svg"),
    Page("admin/codetags/codecount/<str:code>/qr.png", "permitted", permission="codetags.view_counts",
         path="admin/codetags/codecount/DEMO/qr.png"),
    Page("admin/codetags/codecount/<str:code>/qr.pdf", "permitted", permission="codetags.view_counts",
         path="admin/codetags/codecount/DEMO/qr.pdf"),
    Page("admin/codetags/codecount/qr/", "permitted", FORM, permission="codetags.view_counts",
         path="admin/codetags/codecount/qr/?code=DEMO"),
    Page("admin/codetags/codetag/import/", "permitted", FORM,
         permission="codetags.add_codetag codetags.change_codetag"),
    Page("admin/codetags/codetag/process_import/", "permitted", ("POST",), 405,
         "codetags.add_codetag codetags.change_codetag"),
    Page("admin/codetags/codetag/export/", "permitted", FORM, permission="codetags.view_codetag"),
    Page("admin/codetags/codetag/make/", "permitted", FORM, permission="codetags.add_codetag"),
    Page("admin/usertokens/tokenledger/", "permitted", permission="usertokens.view_any"),
    Page("admin/usertokens/tokenledger/<str:user_id>/", "permitted", FORM, permission="usertokens.view_any",
         path="admin/usertokens/tokenledger/test-user-id/"),
    Page("admin/usertokens/tokenledger/<str:user_id>/explain/", "permitted", permission="usertokens.view_any",
         path="admin/usertokens/tokenledger/test-user-id/explain/"),
    Page("admin/usertokens/voucher/vouchers.csv", "permitted", permission="usertokens.view_voucher"),
    Page("admin/usertokens/usage/", "permitted", permission="usertokens.view_usage"),
    # Answers with the way back; without the permission it has done nothing (tests/billing/test_admin.py).
    Page("admin/billing/stripecustomer/<path:object_id>/sync/", "staff", FORM, 302,
         path="admin/billing/stripecustomer/1/sync/"),
    Page("admin/billing/autotopup/<path:object_id>/stop/", "staff", FORM, 302,
         path="admin/billing/autotopup/1/stop/"),
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
