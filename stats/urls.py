"""Addresses of the app: `include("stats.urls")` has both; a project may take `api` and `pages` apart."""

from django.urls import include, path

from stats.views import api as api_views
from stats.views import pages as page_views
from stats.views import pay as pay_views

api = [
    path("api/stats", api_views.FiguresView.as_view(), name="stats"),
    path("api/stats/visit", api_views.VisitView.as_view(), name="visit"),
    path("api/stats/qr", api_views.PaymentCodeView.as_view(), name="qr"),
    path("api/track-usage", api_views.TrackUsageView.as_view(), name="track_usage"),
    path("api/usage", api_views.UsageView.as_view(), name="usage"),
]
pages = [
    path("pay", pay_views.PayView.as_view(), name="pay"),
    path("statistics", page_views.statistics, name="statistics"),
]
urlpatterns = [path("", include((api, "stats_api"))), path("", include((pages, "stats")))]
