"""Every URL of the site."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path

from billing.urls import api as billing_api
from billing.urls import pages as billing_pages
from codetags.urls import api as codetags_api
from codetags.urls import pages as codetags_pages
from config import pages, search_engines
from config.accounts.views import change_admin_password
from kv.web.lazy_views import LazyView
from stats.urls import api as stats_api
from stats.urls import pages as stats_pages
from usertokens.urls import api as usertokens_api
from usertokens.urls import pages as usertokens_pages

handler400 = "config.error_responses.bad_request"
handler403 = "config.error_responses.permission_denied"
handler404 = "config.error_responses.not_found"
handler500 = "config.error_responses.server_error"

urlpatterns = [
    # The busiest first: Django tries the patterns in this order.
    path("", include((stats_api, "stats_api"))),
    path("", include((codetags_api, "codetags_api"))),
    path("", include((usertokens_api, "usertokens_api"))),
    path("", include((billing_api, "billing_api"))),
    path("api/csrf", LazyView("kv.rest.csrf.CsrfView"), name="csrf"),
    path("favicon.ico", pages.favicon),
    path("apple-touch-icon.png", pages.touch_icon),
    path("robots.txt", search_engines.robots),
    path("sitemap.xml", search_engines.sitemap, name="sitemap"),
    path("", include("kv.monitoring.urls")),
    path("api/schema", pages.schema, name="schema"),
    path("api/docs", pages.docs, name="docs"),
    path("api/docs/try", pages.try_api, name="try_api"),
    re_path(r"^en(?:/(?P<rest>.*))?$", pages.without_prefix),
    *i18n_patterns(
        path("", pages.home, name="home"),
        path("manifest.webmanifest", pages.manifest, name="manifest"),
        path("", include((stats_pages, "stats"))),
        path("", include((codetags_pages, "codetags"))),
        path("", include((usertokens_pages, "usertokens"))),
        path("", include((billing_pages, "billing"))),
        path("accounts/header", LazyView("config.header.account_header"), name="account_header"),
        path("", include("config.accounts.urls")),
        path("admin/r/<path:rest>", pages.nothing),
        path("admin/password_change/", admin.site.admin_view(change_admin_password)),
        path("admin/", admin.site.urls),
        prefix_default_language=False,
    ),
]
