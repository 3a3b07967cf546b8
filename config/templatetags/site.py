"""Tags of the site's base template: the current page, and its address in every language."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.context import Context
from django.urls import Resolver404, resolve, reverse, translate_url
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_from_path, get_language_info, override

register = template.Library()


@dataclass(frozen=True, slots=True)
class PageInLanguage:
    """A page in one language. url: with the query, for links; absolute: the public URL without it."""

    code: str
    name: str
    url: str
    absolute: str
    is_current: bool


@register.simple_tag(takes_context=True)
def current_page(context: Context, target: str) -> SafeString | str:
    """Mark a menu link as the current page. Empty without a request."""
    request: HttpRequest | None = context.get("request")
    if request is None or request.path != target:
        return ""
    return format_html(' aria-current="{}"', "page")


@register.inclusion_tag("site/languages.html", takes_context=True)
def site_languages(context: Context) -> dict[str, Any]:
    """Links to this page in every language. Empty without a request, as on some error pages.

    With `carried_by`, the id of a form, in the context, the links submit that form, under the name `carried_as`.
    """
    request: HttpRequest | None = context.get("request")
    carried = {name: context.get(name) for name in ("carried_by", "carried_as")}
    return {"languages": _pages(request) if request else (), **carried}


@register.inclusion_tag("site/addresses.html", takes_context=True)
def site_addresses(context: Context) -> dict[str, Any]:
    """The public URL of this page and of its translations, for search engines."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return {"canonical": None}
    pages = _pages(request)
    default = next((page.absolute for page in pages if page.code == settings.LANGUAGE_CODE), None)
    return {"canonical": _public(request.path), "languages": pages, "default": default}


def _pages(request: HttpRequest) -> tuple[PageInLanguage, ...]:
    current = get_language()
    return tuple(
        PageInLanguage(
            code=code,
            name=get_language_info(code)["name_local"].capitalize(),
            url=_translated(request, code),
            absolute=_public(_translated(request, code).partition("?")[0]),
            is_current=code == current,
        )
        for code, _ in settings.LANGUAGES
    )


def _translated(request: HttpRequest, code: str) -> str:
    # A path resolves only in its own language, which may differ from the active one.
    with override(get_language_from_path(request.path) or settings.LANGUAGE_CODE):
        try:
            resolve(request.path)
        except Resolver404:
            # No language has this path: the links of a "not found" page go to the home page.
            with override(code):
                return reverse("home")
        return translate_url(request.get_full_path(), code)


def _public(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"
