"""The addresses of somebody else's project with all four apps and without an admin."""

from django.urls import include, path

urlpatterns = [path("", include(f"{app}.urls")) for app in ("stats", "usertokens", "codetags", "billing")]
