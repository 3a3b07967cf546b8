"""Addresses of the app: `include("stats.urls")` has both; a project may take `api` and `pages` apart."""

from django.urls import include, path

from kv.web.lazy_views import LazyView

api = [
    path("api/stats", LazyView("stats.views.api.FiguresView"), name="stats"),
    path("api/stats/history", LazyView("stats.views.history.HistoryView"), name="history"),
    path("api/stats/visit", LazyView("stats.views.api.VisitView"), name="visit"),
    path("api/stats/qr", LazyView("stats.views.api.PaymentCodeView"), name="qr"),
    path("api/payment-codes", LazyView("stats.views.payment_codes.PaymentCodesView"), name="payment_codes"),
    path("api/track-usage", LazyView("stats.views.api.TrackUsageView"), name="track_usage"),
    path("api/usage", LazyView("stats.views.api.UsageView"), name="usage"),
    path("badge/<str:figure>.svg", LazyView("stats.views.badges.SvgBadgeView"), name="badge_svg"),
    path("badge/<str:figure>.json", LazyView("stats.views.badges.JsonBadgeView"), name="badge_json"),
]
pages = [
    path("pay", LazyView("stats.views.pay.PayView"), name="pay"),
    path("statistics", LazyView("stats.views.pages.statistics"), name="statistics"),
    path("embed", LazyView("stats.views.embed.embed"), name="embed"),
]
urlpatterns = [path("", include((api, "stats_api"))), path("", include((pages, "stats")))]
