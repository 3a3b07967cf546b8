"""Addresses of the app: `include("codetags.urls")` has both; a project may take `api` and `pages` apart."""

from django.urls import include, path

from kv.web.lazy_views import LazyView

api = [
    path("api/analytics/qr", LazyView("codetags.views.api.HitView"), name="hit"),
    path("api/dashboard/code-tags", LazyView("codetags.views.api.CountsView"), name="counts"),
    path("api/dashboard/code-tags/<str:code>", LazyView("codetags.views.api.CodeView"), name="code"),
    path("api/code-tags", LazyView("codetags.views.registry.RegistryView"), name="registry"),
    path("api/code-tags/import", LazyView("codetags.views.registry.ImportView"), name="import"),
    path("api/code-tags/<str:code>", LazyView("codetags.views.registry.RegisteredView"), name="registered"),
]
pages = [
    path("cookies", LazyView("codetags.views.pages.cookies"), name="cookies"),
    path("cookies/settings", LazyView("codetags.views.consent.SettingsView"), name="cookie_settings"),
    path("cookies/notice.css", LazyView("codetags.views.consent.notice_style"), name="cookie_notice_style"),
    path("privacy", LazyView("codetags.views.pages.privacy"), name="privacy"),
]
urlpatterns = [path("", include((api, "codetags_api"))), path("", include((pages, "codetags")))]
