"""The addresses of somebody else's project."""

from django.contrib import admin
from django.urls import include, path

from stats.urls import api, pages

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include((api, "stats_api"))),
    path("", include((pages, "stats"))),
]
