"""The public pages: the payment code and the statistics. The same for everybody, so that a proxy may keep them."""

from contextlib import suppress
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from django.views.generic import View
from stdnum import iban, iso11649

from kv.errors import StoreUnavailable
from kv.origins import is_from_elsewhere
from kv.throttling import RateLimited
from stats.conf import QR_LIMIT, TRACK_LIMIT, app_settings
from stats.errors import TotalTooLarge, UnknownTool
from stats.forms import PaymentForm
from stats.services import qr_codes, receipts, usage
from stats.services.payment_codes import PaymentCode
from stats.templatetags.stats import UNKNOWN, format_cents, format_count

public_page = cache_control(public=True, max_age=0, s_maxage=60)
"""Browsers ask again each time; a proxy may answer for a minute, which is as old as a figure may be."""

DOWNLOADS = {"png": "image/png", "svg": "image/svg+xml"}
DOWNLOAD_TOOL = "payment-qr"
"""Downloads of a code are counted as uses of this tool."""


@dataclass(frozen=True, slots=True)
class ToolBar:
    """A row of the statistics: `width` of its bar in hundredths of the longest one."""

    name: str
    text: str
    width: int


@method_decorator((csrf_exempt, sensitive_post_parameters()), name="dispatch")
class PayView(View):
    """GET the form; POST {beneficiary, iban, amount, …} the code as a page, or as a file with download=png|svg."""

    @method_decorator(public_page)
    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form."""
        return render(request, "stats/pay.html", {"form": PaymentForm(), "action": reverse("stats:pay")})

    @method_decorator(cache_control(no_store=True))
    def post(self, request: HttpRequest) -> HttpResponse:
        """The code, or the form with what to mend; 403 for a form that another site sent."""
        action = reverse("stats:pay")
        if is_from_elsewhere(request):
            return HttpResponseForbidden(render(request, "stats/pay_refused.html", {"action": action}).content)
        form = PaymentForm(request.POST)
        if not form.is_valid():
            return render(request, "stats/pay.html", {"form": form, "action": action})
        if request.POST.get("download") in DOWNLOADS:
            return _download(request, form.code, request.POST["download"])
        order = form.code.order
        has_script = request.POST.get("script") == "1"
        state, receipt = _count(request, order.amount_cents, has_script=has_script)
        context = {
            "action": action,
            "order": order,
            "amount": format_cents(order.amount_cents),
            "iban": iban.format(order.iban),
            "reference": iso11649.format(order.reference) if order.reference else "",
            "svg": form.code.inline_svg(),
            "fields": [(name, form.data.get(name, "")) for name in form.fields],
            "state": state,
            "receipt": receipt,
            "limit": format_cents(app_settings.STATS_MAX_QR_CENTS),
        }
        return render(request, "stats/pay_code.html", context)


@require_safe
@public_page
def statistics(request: HttpRequest) -> HttpResponse:
    """How often each tool was used, as bars in a table."""
    try:
        tools = usage.list_usage()
    except StoreUnavailable:
        bars = [ToolBar(tool, UNKNOWN, 0) for tool in app_settings.STATS_TOOLS]
        context: dict[str, object] = {"tools": bars, "away": True}
    else:
        used = [use for use in tools if use.count]
        most = max((use.count for use in used), default=1)
        # At least 1, so that a single use beside a million can still be seen.
        context = {
            "tools": [ToolBar(use.tool, format_count(use.count), max(use.count * 100 // most, 1)) for use in used]
        }
    return render(request, "stats/statistics.html", context | {"pay_url": reverse("stats:pay")})


def _count(request: HttpRequest, amount_cents: int, *, has_script: bool) -> tuple[str, str]:
    """What to say about the count, and the receipt that the page's script turns in ("" when it has nothing to do).

    With the script the page counts itself by its receipt; without it, the code is counted here under the same id, so
    a page that does both counts once.
    """
    if amount_cents > app_settings.STATS_MAX_QR_CENTS:
        return "too_large", ""
    text = receipts.sign_receipt(amount_cents)
    if has_script:
        return "promised", text
    receipt = receipts.read_receipt(text)
    try:
        QR_LIMIT.check(request)
        qr_codes.record_qr_code(id=receipt.id, amount_cents=receipt.amount_cents)
    except (StoreUnavailable, RateLimited, TotalTooLarge):
        return "missing", ""
    return "counted", ""


def _download(request: HttpRequest, code: PaymentCode, kind: str) -> HttpResponse:
    content = code.png() if kind == "png" else code.svg()
    # The file is what was asked for: a use that can't be counted is no reason to withhold it.
    with suppress(StoreUnavailable, RateLimited, UnknownTool):
        TRACK_LIMIT.check(request)
        usage.record_usage(tool=DOWNLOAD_TOOL)
    response = HttpResponse(content, content_type=DOWNLOADS[kind])
    response["Content-Disposition"] = f'attachment; filename="{_("payment-code")}.{kind}"'
    return response
