"""The addresses of somebody else's project."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.urls import include, path

LANDING = Template("{% load codetags %}<html><head>{% codetags_landing %}</head>{% codetags_landing_pixel %}</html>")


def home(request: HttpRequest) -> HttpResponse:
    """A landing page that takes the two tags and nothing else."""
    return HttpResponse(LANDING.render(Context({"request": request})))


urlpatterns = [path("", home), path("admin/", admin.site.urls), path("", include("codetags.urls"))]
