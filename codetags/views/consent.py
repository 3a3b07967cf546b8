"""The choice about cookies: a form that works without scripts, and the style that shows the notice then."""

from __future__ import annotations

import re

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from django.views.generic import View

from codetags.services import consent, cookies
from kv.web.links import app_url
from kv.web.origins import is_from_elsewhere, local_path

# Not on top of the page: without scripts nothing could close it when the browser keeps no cookie.
_SHOWN = ".cookie-notice[hidden] { display: block; position: static; max-height: none; }\n"
_NAME = re.compile(r"[a-z_]{1,32}")


@method_decorator(
    (csrf_exempt, login_not_required, sensitive_post_parameters(), cache_control(private=True, no_store=True)),
    name="dispatch",
)
class SettingsView(View):
    """GET the form with what was chosen; POST {choice: all | none | chosen, category…, version} keeps the choice.

    POST ?carried=NAME also carries a page's own form, which is sent back to that page with NAME=same (307).

    The notice's script asks for JSON: {categories} that were accepted; 403; 409 when the page is older than the list.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        choice = consent.read_choice(request.COOKIES)
        context = {
            "categories": cookies.list_categories(),
            "version": cookies.policy_version(),
            "chosen": choice.categories if choice else frozenset(),
            "is_saved": "saved" in request.GET and choice is not None,
            "is_lost": "saved" in request.GET and choice is None,
            "action": app_url("codetags:cookie_settings"),
        }
        return render(request, "codetags/cookie_settings.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store the choice for six months and go back; 403 for a form that another site sent."""
        here = app_url("codetags:cookie_settings")
        is_script = request.headers.get("Accept", "") == "application/json"
        if is_from_elsewhere(request):
            if is_script:
                return _refusal(403, "permission_denied", "Another site sent this.")
            page = render(request, "codetags/refused.html", {"action": here})
            return HttpResponseForbidden(page.content)
        if request.POST.get("version") != cookies.policy_version():
            # The page shows an older list, so the visitor has not agreed to the current one.
            if is_script:
                return _refusal(409, "outdated", "The list of cookies has changed since the page was loaded.")
            return _carry_back(request) or _to(here)
        chosen = {"all": cookies.optional_categories(), "chosen": request.POST.getlist("category")}
        choice = consent.make_choice(chosen.get(request.POST.get("choice", ""), ()))
        if is_script:
            response: HttpResponse = JsonResponse({"categories": sorted(choice.categories)})
        else:
            back = _page_before(request)
            response = _carry_back(request) or _to(f"{here}?saved=1" if back.partition("?")[0] == here else back)
        response.set_cookie(
            cookies.CHOICE_COOKIE,
            consent.write_choice(choice),
            max_age=cookies.CHOICE_SECONDS,
            path="/",
            secure=request.is_secure(),
            httponly=False,  # the page's script reads it, since the page itself is the same for all visitors
            samesite="Lax",
        )
        return response


@require_safe
@login_not_required
@cache_control(private=True, no_store=True)
def notice_style(request: HttpRequest) -> HttpResponse:
    """For browsers without scripts: a style that shows the notice until a choice is made. The pages may be cached."""
    style = "" if consent.read_choice(request.COOKIES) else _SHOWN
    return HttpResponse(style, content_type="text/css; charset=utf-8")


def _page_before(request: HttpRequest) -> str:
    """The page of this site that sent the form, path and query; without a usable Referer the cookie settings."""
    return local_path(request, request.headers.get("Referer", "")) or app_url("codetags:cookie_settings")


def _refusal(status: int, code: str, detail: str) -> HttpResponse:
    return JsonResponse({"detail": detail, "code": code}, status=status)


def _to(path: str) -> HttpResponse:
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


def _carry_back(request: HttpRequest) -> HttpResponse | None:
    """A redirect to the page whose form was carried, with that form; None without one, or when the page is unknown."""
    name = request.GET.get("carried", "")
    back = _page_before(request)
    if not _NAME.fullmatch(name) or back.partition("?")[0] == app_url("codetags:cookie_settings"):
        return None
    path, _, query = back.partition("?")
    mark = f"{name}=same"
    parts = [part for part in query.split("&") if part and part != mark]
    response = HttpResponseRedirect(f"{path}?{'&'.join([*parts, mark])}")
    response.status_code = 307  # the browser sends the form again as it was
    return response
