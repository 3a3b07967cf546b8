"""The URL conf of a project of somebody else: the apps under other paths, among views of its own."""

from __future__ import annotations

from typing import Any

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.decorators.cache import never_cache

from codetags.views.api import HitView
from stats.urls import api as stats_api
from stats.views.api import FiguresView, UsageView, VisitView


class PoliteVisits(VisitView):
    """A view of the project's own, which does more than ours."""

    def post(self, request: Any) -> Any:
        return super().post(request)


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse("nothing")


urlpatterns = [
    path("v1/api/usage", nothing),
    path("v1/api/track-usage", nothing),
    path("v1/", include((stats_api, "counts"))),
    path("hits/", include([path("new", HitView.as_view(), name="new_hit"), path("<slug:which>", HitView.as_view())])),
    path("own/visit", PoliteVisits.as_view()),
    path("own/stats", never_cache(FiguresView.as_view())),
    path("own/given", VisitView.as_view(), {"given": 1}),
    path("own/changed", VisitView.as_view(rate_limit=None)),
    path("own/usage", UsageView.as_view()),
    re_path("^own/stat[s]$", FiguresView.as_view()),
    *i18n_patterns(path("visit", VisitView.as_view(), name="translated")),
]
