"""What a link to a page looks like where it is shared: Open Graph (https://ogp.me), from the page's own title."""

from __future__ import annotations

from html.parser import HTMLParser

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()
# Open Graph names a language with a country.
_LOCALES = {"en": "en_GB", "fr": "fr_FR", "de": "de_DE", "es": "es_ES"}


@register.tag
def shared(parser: Parser, token: Token) -> Shared:
    """`{% shared %}…{% endshared %}` around the page's <title> and description: both again, as Open Graph's."""
    inside = parser.parse(("endshared",))
    parser.delete_first_token()
    return Shared(inside)


class Shared(template.Node):
    """Renders what is inside, and what was found there as Open Graph.

    Only the former without a request, and for a page without a description: such a one is an error or somebody's own.
    """

    def __init__(self, inside: NodeList) -> None:
        self.inside = inside

    def render(self, context: Context) -> SafeString:
        """The title and description twice."""
        inside = self.inside.render(context)
        request: HttpRequest | None = context.get("request")
        if request is None:
            return inside
        head = _Head()
        head.feed(inside)
        if not head.description:
            return inside
        language = get_language() or settings.LANGUAGE_CODE
        site = settings.SITE_URL.rstrip("/")
        found = {
            "title": head.title,
            "description": head.description,
            "url": f"{site}{request.path}",
            "picture": f"{site}{static(f'site/shared-{language}.png')}",
            "picture_says": _("Visitors, payment codes and tokens, counted once."),
            "locale": _LOCALES[language],
            "other_locales": [locale for code, locale in _LOCALES.items() if code != language],
        }
        return mark_safe(inside + render_to_string("site/shared.html", found))  # noqa: S308 (both are rendered templates)


class _Head(HTMLParser):
    """title and description, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.title = self.description = ""
        self._is_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_title = tag == "title"
        known = dict(attrs)
        if tag == "meta" and known.get("name") == "description":
            self.description = known.get("content") or ""

    def handle_endtag(self, tag: str) -> None:
        self._is_title = False

    def handle_data(self, data: str) -> None:
        if self._is_title:
            self.title += data
