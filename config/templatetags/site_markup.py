"""Filters for texts of the API's description."""

from django import template

from config.api_pages.markup import to_html, to_inline

register = template.Library()
register.filter("markup", to_html)
register.filter("inline", to_inline)
