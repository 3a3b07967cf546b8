"""Addresses of the app: `include("codetags.urls")` has both; a project may take `api` and `pages` apart."""

from django.urls import include, path

from codetags.views import api as api_views
from codetags.views import consent
from codetags.views import pages as page_views

api = [
    path("api/analytics/qr", api_views.HitView.as_view(), name="hit"),
    path("api/dashboard/code-tags", api_views.CountsView.as_view(), name="counts"),
]
pages = [
    path("cookies", page_views.cookies, name="cookies"),
    path("cookies/settings", consent.SettingsView.as_view(), name="cookie_settings"),
    path("cookies/notice.css", consent.notice_style, name="cookie_notice_style"),
    path("privacy", page_views.privacy, name="privacy"),
]
urlpatterns = [path("", include((api, "codetags_api"))), path("", include((pages, "codetags")))]
