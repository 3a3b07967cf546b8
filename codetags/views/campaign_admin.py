"""Campaigns in Django's admin: what they are called, when they are, what they cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from codetags.forms import CampaignForm
from codetags.models import Campaign, CodeTag
from kv.labels import admin_page
from kv.web.formats import format_money, format_number
from kv.web.large_lists import LargeChangeList, LargeListAdmin

#: Campaigns that the filter of the registry names; the list of campaigns leads to the codes of each.
_MOST_NAMED = 100
_NONE = "none"


class CampaignFilter(admin.SimpleListFilter):
    """The codes of one campaign, or those of none."""

    title = _("campaign")
    parameter_name = "campaign"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """The first campaigns by name, and the chosen one."""
        named = dict(Campaign.objects.values_list("pk", "name")[:_MOST_NAMED])
        chosen = _number(self.value())
        if named and chosen is not None and chosen not in named:
            named |= dict(Campaign.objects.filter(pk=chosen).values_list("pk", "name"))
        return [*((str(pk), name) for pk, name in named.items()), (_NONE, _("No campaign"))] if named else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The codes that fit; none for what is no campaign."""
        value = self.value()
        if value is None:
            return queryset
        if value == _NONE:
            return queryset.filter(campaign=None)
        chosen = _number(value)
        return queryset.none() if chosen is None else queryset.filter(campaign=chosen)


class CampaignList(LargeChangeList):
    """Counts the codes of the campaigns on its page."""

    def get_results(self, request: HttpRequest) -> None:
        """The rows of the page, each with the number of its codes."""
        super().get_results(request)
        shown: Any = self.result_list
        codes = CodeTag.objects.filter(campaign__in=[row.pk for row in shown]).order_by()
        counts = dict(codes.values_list("campaign").annotate(Count("pk")))
        for row in shown:
            row.code_count = counts.get(row.pk, 0)


@admin.register(Campaign)
class CampaignAdmin(LargeListAdmin):
    """The campaigns; their codes choose them."""

    form = CampaignForm
    list_display = ("name", "start", "end", "cost", "codes")
    search_fields = ("name", "note")

    class Media:
        """What a phone needs."""

        css = {"all": ("codetags/admin.css",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list with the numbers of codes."""
        return CampaignList

    @admin.display(description=_("cost"), ordering="cost_cents", empty_value="–")
    def cost(self, campaign: Campaign) -> str | None:
        """As money."""
        return None if campaign.cost_cents is None else format_money(campaign.cost_cents, "EUR")

    @admin.display(description=_("codes"))
    def codes(self, campaign: Campaign) -> SafeString:
        """How many, as a link to them."""
        number: int = getattr(campaign, "code_count", 0)
        address = reverse(admin_page("codetags.codetag_changelist"), current_app=self.admin_site.name)
        return format_html('<a href="{}?campaign={}">{}</a>', address, campaign.pk, format_number(number))


def _number(text: str | None) -> int | None:
    """A primary key; None for what can be none, which a database might refuse."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None  # noqa: PLR2004 (2^63)
