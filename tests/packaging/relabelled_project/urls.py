"""The addresses of somebody else's project."""

from django.contrib import admin
from django.urls import include, path

APPS = ("stats", "usertokens", "codetags", "billing")

urlpatterns = [path("admin/", admin.site.urls), *(path("", include(f"{app}.urls")) for app in APPS)]
