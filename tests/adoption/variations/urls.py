"""The addresses: the four apps, the admin where it is installed, a page of the project's own."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


def page(request: HttpRequest) -> HttpResponse:
    """Every tag of every app, as the project's own page has them."""
    urls = settings.ROOT_URLCONF
    context = {"has_api": urls != "urls_of_the_pages", "has_pages": urls != "urls_of_the_api"}
    return render(request, "page.html", context)


def log_in(request: HttpRequest) -> HttpResponse:
    return HttpResponse("log in")


def addresses(*parts: Any) -> list[Any]:
    found = [
        path("page", page),
        path("log-in", log_in),
        path("", include(([path("log-in-here", log_in, name="log_in")], "somewhere"))),
    ]
    if apps.is_installed("django.contrib.admin"):
        from django.contrib import admin

        found.append(path("admin/", admin.site.urls))
    return [*found, *parts]


ALL = [path("", include(f"{app}.urls")) for app in ("stats", "usertokens", "codetags", "billing")]
urlpatterns = addresses(*ALL)
