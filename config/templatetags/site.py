"""Tags of the site's base template: the current page, and its address in every language."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest
from django.template.context import Context
from django.urls import Resolver404, resolve, reverse, translate_url
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_from_path, get_language_info, override

from config.header import account_shown
from kv.mail import is_mail_set_up
from kv.web.origins import local_path
from usertokens.types import Dashboard

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


@register.simple_tag
def mail_is_set_up() -> bool:
    """Whether this site sends mail."""
    return is_mail_set_up()


@register.inclusion_tag("site/account.html", takes_context=True)
def site_account(context: Context) -> dict[str, Any]:
    """Who is logged in, with plan and balance, also without scripts: for pages of one user, which no cache keeps.

    What the page shows itself (`page`, a dashboard) is not read again.
    """
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.is_authenticated:
        return {}
    page = context.get("page")
    return {"name": user.get_username(), "page": page} if isinstance(page, Dashboard) else account_shown(user)


@register.inclusion_tag("site/languages.html", takes_context=True)
def site_languages(context: Context) -> dict[str, Any]:
    """Links to this page in every language. Empty without a request, as on some error pages.

    With `carried_by`, the id of a form, in the context, the links submit that form, under the name `carried_as`. The
    notice about cookies does so too; with `language_form` and `language_carried` only the links do.
    """
    request: HttpRequest | None = context.get("request")
    carried = {
        "carried_by": context.get("carried_by") or context.get("language_form"),
        "carried_as": context.get("carried_as") or context.get("language_carried"),
    }
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
        return translate_url(_with_next(request, code), code)


def _with_next(request: HttpRequest, code: str) -> str:
    """The page's address; the page that a log-in leads back to is in the new language too."""
    target = request.GET.get(REDIRECT_FIELD_NAME, "")
    if not target.startswith("/") or local_path(request, target) != target:
        return request.get_full_path()
    query = request.GET.copy()
    query[REDIRECT_FIELD_NAME] = _in_language(target, code)
    return f"{request.path}?{query.urlencode(safe='/')}"


def _in_language(path: str, code: str) -> str:
    with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
        return translate_url(path, code)


def _public(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"
