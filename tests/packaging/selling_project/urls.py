"""The addresses of somebody else's project with tokens."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("", include("usertokens.urls"))]
