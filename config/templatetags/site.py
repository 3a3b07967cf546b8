"""What the site's own frame asks of a template: where a page stands, and the same page in the other languages."""

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
    """One page in one language: `url` keeps the query, for a link; `absolute` is the public address without it."""

    code: str
    name: str
    url: str
    absolute: str
    is_current: bool


@register.simple_tag(takes_context=True)
def current_page(context: Context, target: str) -> SafeString | str:
    """Mark a link of the menu as the page being shown; nothing where there is no request."""
    request: HttpRequest | None = context.get("request")
    if request is None or request.path != target:
        return ""
    return format_html(' aria-current="{}"', "page")


@register.inclusion_tag("site/languages.html", takes_context=True)
def site_languages(context: Context) -> dict[str, Any]:
    """Plain links to this page in every language. Empty where there is no request: an error page may have none.

    A page that names a form by `carried_by` has its links send that form along, under the name `carried_as`.
    """
    request: HttpRequest | None = context.get("request")
    carried = {name: context.get(name) for name in ("carried_by", "carried_as")}
    return {"languages": _pages(request) if request else (), **carried}


@register.inclusion_tag("site/addresses.html", takes_context=True)
def site_addresses(context: Context) -> dict[str, Any]:
    """The public address of this page and of its translations, for search engines."""
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
    # An address resolves under its own language alone, which need not be the one that a page is drawn in.
    with override(get_language_from_path(request.path) or settings.LANGUAGE_CODE):
        try:
            resolve(request.path)
        except Resolver404:
            # Nothing stands at this address, in no language: the menu of a "not found" page leads home.
            with override(code):
                return reverse("home")
        return translate_url(request.get_full_path(), code)


def _public(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"
