"""The payment page: the form, which is the same for all visitors so that a proxy may cache it, and the code.

The page with the code carries all that was sent in hidden fields. So it can be reloaded, shown in another language,
downloaded and changed, and nothing of it is in a URL, a cookie or the store.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View
from stdnum import iban

from kv.errors import StoreUnavailable
from kv.web.addresses import address_hash, client_address
from kv.web.agents import AGENT_LENGTH
from kv.web.caching import public_page
from kv.web.links import app_url
from kv.web.origins import is_from_elsewhere
from kv.web.rate_limits import RateLimited
from kv.web.throttling import check_limit
from stats.conf import PAYMENT_CODE_LIMIT, TRACK_LIMIT, app_settings
from stats.errors import TotalTooLarge, UnknownTool
from stats.forms.payment import PURPOSES, PaymentForm, SizeForm
from stats.services import payment_code_counts, receipts, usage
from stats.services.creditor_references import format_reference
from stats.services.payment_codes import PaymentCode, PaymentOrder
from stats.templatetags.stats import format_cents

DOWNLOADS = {"png": "image/png", "svg": "image/svg+xml"}
DOWNLOAD_TOOL = "payment-qr"
"""Downloads of a code are counted as uses of this tool."""
KEPT_FOR_NEXT = ("beneficiary", "iban", "bic", "as_rf", "purpose")
"""What the next order for the same account begins with."""
LINKED = "beneficiary iban bic amount remittance_text as_rf reference purpose note"
"""The fields that a link to the form may fill, in its fragment: the pages' scripts make it and read it."""

# Only the browser may cache the page. It shows it again on Back and Forward without a request, which `no-store` would
# forbid; a reload sends a request.
own_page = cache_control(private=True, no_cache=True)


@method_decorator((csrf_exempt, login_not_required, sensitive_post_parameters()), name="dispatch")
class PayView(View):
    """GET the form; POST {beneficiary, iban, amount, …} the code as a page.

    With download=png|svg it comes as a file, `size_mm` wide on paper; with `slip` as a slip to print.
    POST with `edit`, in the form or the address, answers the form with what was sent in it: "same" is the same form,
    "new" another order, "next" another one for the same account.
    """

    @method_decorator(public_page)
    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form."""
        return _form_page(request, PaymentForm())

    @method_decorator(own_page)
    def post(self, request: HttpRequest) -> HttpResponse:
        """The code, or the form with its errors; 403 for a form that another site sent."""
        if is_from_elsewhere(request):
            page = render(request, "stats/pay_refused.html", {"action": app_url("stats:pay")})
            return HttpResponseForbidden(page.content)
        edit = request.POST.get("edit", request.GET.get("edit"))
        if edit is not None:
            return _form_page(request, _form_again(request, edit))
        form = PaymentForm(request.POST)
        if not form.is_valid() or form.warned:
            return _form_page(request, form)
        return _show_code(request, form)


def _show_code(request: HttpRequest, form: PaymentForm) -> HttpResponse:
    """The code in the way that was asked for."""
    if "slip" in request.POST:
        return render(request, "stats/pay_slip.html", _code_context(form) | {"carried_as": "slip"})
    if request.POST.get("download") not in DOWNLOADS:
        return _code_page(request, form, SizeForm())
    size = SizeForm(request.POST)
    if not size.is_valid():
        return _code_page(request, form, size)
    return _download(request, form.code, request.POST["download"], size.cleaned_data["size_mm"])


def _form_again(request: HttpRequest, edit: str) -> PaymentForm:
    """The form with what was sent, or what the next order has in common with it."""
    kept = KEPT_FOR_NEXT if edit == "next" else tuple(PaymentForm.base_fields)
    sent = {name: request.POST.get(name, "") for name in kept}
    if edit in {"new", "next"}:
        sent["form_id"] = ""
    form = PaymentForm(initial=sent)
    if edit == "next":
        form.fields["amount"].widget.attrs["autofocus"] = True
    return form


def _form_page(request: HttpRequest, form: PaymentForm) -> HttpResponse:
    context = {
        "form": form,
        "action": app_url("stats:pay"),
        "linked": LINKED,
        "purposes": PURPOSES,
        "carried_by": "pay-form",
        "carried_as": "edit",
    }
    return render(request, "stats/pay.html", context)


def _code_page(request: HttpRequest, form: PaymentForm, size: SizeForm) -> HttpResponse:
    state, receipt = _count(request, form.code.order, form.cleaned_data["form_id"])
    counting = {
        "state": state,
        "receipt": receipt,
        "limit": format_cents(app_settings.STATS_MAX_QR_CENTS),
        "size": size,
        "linked": LINKED,
        "carried_as": "again",
    }
    return render(request, "stats/pay_code.html", _code_context(form) | counting)


def _code_context(form: PaymentForm) -> dict[str, Any]:
    """What the page of the code and the slip show."""
    order = form.code.order
    fields: list[tuple[str, Any]] = [(name, form.data.get(name, "")) for name in form.fields]
    return {
        "action": app_url("stats:pay"),
        "code": form.code,
        "order": order,
        "amount": "" if order.amount_cents is None else format_cents(order.amount_cents),
        "iban": iban.format(order.iban),
        "reference": format_reference(order.reference),
        "purpose_name": dict(PURPOSES).get(order.purpose, ""),
        "fields": fields,
        "carried_by": "pay-form",
    }


def _count(request: HttpRequest, order: PaymentOrder, form_id: str) -> tuple[str, str]:
    """The state of the count, and the receipt that the page's script sends ("" when there is nothing to send).

    With scripts, the page sends its receipt and so counts the code. Without them the code is counted here, under the
    same id: a page that does both, or is loaded again, counts once.
    """
    if payment_code_counts.is_over_limit(order.amount_cents):
        return "too_large", ""
    is_script = request.POST.get("script") == "1"
    # A form without an id that a script sent is another one than a form sent without scripts.
    nonce = receipts.order_nonce(order, form_id=form_id, visitor=f"{_visitor(request)} {int(is_script)}")
    text = receipts.sign_receipt(order.amount_cents, nonce=nonce)
    if is_script:
        return "promised", text
    receipt = receipts.read_receipt(text)
    try:
        check_limit(PAYMENT_CODE_LIMIT, request)
        payment_code_counts.record_payment_code(id=receipt.id, amount_cents=receipt.amount_cents)
    except (StoreUnavailable, RateLimited, TotalTooLarge):
        return "missing", ""
    return "counted", ""


def _visitor(request: HttpRequest) -> str:
    """Address and browser: visitors may share one of them, seldom both."""
    agent = request.headers.get("User-Agent", "")[:AGENT_LENGTH]
    return f"{address_hash(client_address(request)).hex()} {agent}"


def _download(request: HttpRequest, code: PaymentCode, kind: str, size_mm: int | None) -> HttpResponse:
    content = code.png(size_mm=size_mm) if kind == "png" else code.svg(size_mm=size_mm)
    # The file is sent even when the use can't be counted.
    with suppress(StoreUnavailable, RateLimited, UnknownTool):
        check_limit(TRACK_LIMIT, request)
        usage.record_usage(tool=DOWNLOAD_TOOL)
    response = HttpResponse(content, content_type=DOWNLOADS[kind])
    response["Content-Disposition"] = f'attachment; filename="{_("payment-code")}-{code.file_name}.{kind}"'
    return response
