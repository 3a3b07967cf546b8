"""Addresses of the app: `include("stats.urls")` has both; a project may take `api` and `pages` apart."""

from django.urls import include, path

from kv.web.lazy_views import LazyView

api = [
    path("api/stats", LazyView("stats.views.api.FiguresView"), name="stats"),
    path("api/stats/visit", LazyView("stats.views.api.VisitView"), name="visit"),
    path("api/stats/qr", LazyView("stats.views.api.PaymentCodeView"), name="qr"),
    path("api/track-usage", LazyView("stats.views.api.TrackUsageView"), name="track_usage"),
    path("api/usage", LazyView("stats.views.api.UsageView"), name="usage"),
]
pages = [
    path("pay", LazyView("stats.views.pay.PayView"), name="pay"),
    path("statistics", LazyView("stats.views.pages.statistics"), name="statistics"),
]
urlpatterns = [path("", include((api, "stats_api"))), path("", include((pages, "stats")))]
