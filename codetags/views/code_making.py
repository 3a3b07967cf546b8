"""The admin's page on which many new codes are made."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from codetags.conf import app_settings
from codetags.errors import IdempotencyConflict, InvalidCode, NoCodesLeft
from codetags.models import Campaign
from codetags.services.code_cells import LONGEST_LABEL
from codetags.services.code_patterns import usual_pattern
from codetags.services.patterns import LONGEST, read_shapes
from codetags.services.registrations import MOST_MADE, make_codes
from codetags.services.repeats import made_codes
from kv.web.formats import format_number
from kv.web.text_fields import CleanField

#: Codes of one archive of QR images.
_MOST_IMAGES = 500
_MOST_CAMPAIGNS = 1000


class MakeCodesForm(forms.Form):
    """New codes of a pattern, with what they have in common.

    key: of one page, so that pressing twice makes them once.
    """

    key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    number = forms.IntegerField(label=gettext_lazy("How many"), initial=10, min_value=1, max_value=MOST_MADE)
    pattern = forms.CharField(
        label=gettext_lazy("Pattern of the code"),
        max_length=LONGEST,
        help_text=gettext_lazy(
            "Each ? becomes a random letter or digit that nobody takes for another: without 0 and O, 1, I and L. All "
            "else stays. No code comes that exists or ever did."
        ),
    )
    label = CleanField(
        label=gettext_lazy("Label"),
        max_length=LONGEST_LABEL,
        help_text=gettext_lazy("{n} becomes 1, 2, 3 and so on, {code} the code: “Tram stop {n}”."),
    )
    campaign = CleanField(
        label=gettext_lazy("Campaign"),
        max_length=LONGEST_LABEL,
        required=False,
        help_text=gettext_lazy("By its name. A new name makes a new campaign."),
        widget=forms.TextInput({"list": "campaigns", "autocomplete": "off"}),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea({"rows": 3}))
    start = forms.DateField(
        label=gettext_lazy("Counted from"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    end = forms.DateField(
        label=gettext_lazy("Counted until"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def values(self) -> dict[str, Any]:
        """What all the codes have, by column."""
        return {name: self.cleaned_data[name] for name in ("label", "note", "campaign", "start", "end")}


def make_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """GET: the form, or with `?made=` what it has made. POST: make them."""
    context |= {"title": _("Create codes")}
    if request.method == "POST":
        form = MakeCodesForm(request.POST)
        if form.is_valid() and _make(form, request.user.pk):
            return HttpResponseRedirect(f"?{urlencode({'made': form.cleaned_data['key']})}")
    else:
        form = MakeCodesForm(initial={"key": token_hex(16), "pattern": usual_pattern()})
        if made := made_codes(request.user.pk, request.GET.get("made", "")[:64]):
            title = ngettext("%(count)s code was created", "%(count)s codes were created", len(made))
            context |= {
                "title": title % {"count": format_number(len(made))},
                "made": made,
                "has_images": context["can_view_counts"] and len(made) <= _MOST_IMAGES,
            }
    names = Campaign.objects.order_by("-pk").values_list("name", flat=True)
    context |= {"form": form, "campaigns": names[:_MOST_CAMPAIGNS]}
    return TemplateResponse(request, "codetags/admin/make.html", context)


def _make(form: MakeCodesForm, user_id: Any) -> bool:
    """Make the codes; False with what is wrong in the form."""
    asked = form.cleaned_data
    try:
        make_codes(asked["pattern"], asked["number"], form.values(), user_id=user_id, key=asked["key"])
    except NoCodesLeft as error:
        form.add_error("pattern", _why_none(error))
    except InvalidCode as error:
        for name, sentences in error.errors.items():
            for sentence in sentences:
                form.add_error(name if name in form.fields else None, sentence)
    except IdempotencyConflict:
        form.add_error(None, _("This page has created its codes already. Open it anew to create more."))
    return form.is_valid()


def _why_none(error: NoCodesLeft) -> str:
    if error.reason == "few":
        text = ngettext(
            "Only %(left)s code of this pattern is left. Use more ?, or create fewer codes.",
            "Only %(left)s codes of this pattern are left. Use more ?, or create fewer codes.",
            error.left,
        )
        return text % {"left": format_number(error.left)}
    if error.reason == "length":
        lengths = sorted(read_shapes(app_settings.CODETAGS_PATTERN))
        text = _("Codes of this site have %(lengths)s characters.")
        span = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]}–{lengths[-1]}"
        return text % {"lengths": span}
    return _("No code of this site looks like this. Codes that do: %(usual)s.") % {"usual": usual_pattern()}
