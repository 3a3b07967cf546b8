"""The peers' views, each as its package's own documentation has it."""

from __future__ import annotations

from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt

from benchmarks.peers.site import PEER

urlpatterns: list[URLPattern | URLResolver] = []

if PEER == "hitcount":
    from hitcount.models import HitCount
    from hitcount.views import HitCountMixin

    def hit(request: HttpRequest) -> HttpResponse:
        """A hit of one object, as HitCountDetailView counts it."""
        request.META["REMOTE_ADDR"] = request.META["HTTP_X_FORWARDED_FOR"]
        subject = ContentType.objects.get_for_model(ContentType)
        counter, _ = HitCount.objects.get_or_create(content_type=subject, object_pk=1)
        answer = HitCountMixin.hit_count(request, counter)
        return JsonResponse({"counted": answer.hit_counted})

    urlpatterns = [path("hit", hit)]

elif PEER == "webhook":
    urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]

elif PEER == "ledger":
    from knox.auth import TokenAuthentication
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.views import APIView

    from benchmarks.peers.models import Balance, Movement

    @transaction.atomic
    def spend_in_orm(user: str, amount: int, key: str) -> int | None:
        """Lock the balance, look for the key, take, write the entry; what is left, None when there are too few."""
        balance = Balance.objects.select_for_update().get(user_id=user)
        known = Movement.objects.filter(user_id=user, key=key).first()
        if known is not None:
            return known.balance_after
        if balance.tokens < amount:
            return None
        Balance.objects.filter(user_id=user).update(tokens=F("tokens") - amount)
        after = balance.tokens - amount
        Movement.objects.create(user_id=user, key=key, amount=-amount, balance_after=after, reason="load")
        return after

    class SpendView(APIView):
        """The same over HTTP."""

        authentication_classes = [TokenAuthentication]
        permission_classes = [IsAuthenticated]

        def post(self, request: Request) -> Response:
            """Spend."""
            data: Any = request.data
            left = spend_in_orm(data["userId"], int(data["amount"]), request.headers["Idempotency-Key"])
            return Response({"detail": "too few"}, status=402) if left is None else Response({"balance": left})

    urlpatterns = [path("spend", SpendView.as_view())]

elif PEER == "throttle":
    from rest_framework.request import Request
    from rest_framework.response import Response
    from rest_framework.throttling import AnonRateThrottle
    from rest_framework.views import APIView

    class Plenty(AnonRateThrottle):
        """DRF's own."""

        rate = "1000/minute"

    class ThrottledView(APIView):
        """Answers a constant."""

        authentication_classes: list[Any] = []
        throttle_classes = [Plenty]

        def post(self, request: Request) -> Response:
            """Count against the limit."""
            return Response({"ok": True})

    urlpatterns = [path("limited", ThrottledView.as_view())]

elif PEER == "ratelimit":
    from django_ratelimit.decorators import ratelimit

    @csrf_exempt
    @ratelimit(key="header:x-forwarded-for", rate="1000/m", block=True)  # type: ignore[untyped-decorator] # the package has no types
    def limited(request: HttpRequest) -> HttpResponse:
        """Answers a constant."""
        return JsonResponse({"ok": True})

    urlpatterns = [path("limited", limited)]

elif PEER == "ours_limit":
    from rest_framework.request import Request
    from rest_framework.response import Response

    from kv.rest.views import PublicView
    from kv.web.rate_limits import RateLimit, RateLimited
    from kv.web.throttling import check_limit

    PLAIN = RateLimit("bench_plain", "1000/minute")

    class LimitedView(PublicView):
        """Answers a constant."""

        rate_limit = RateLimit("bench", "1000/minute")

        def post(self, request: Request) -> Response:
            """Count against the limit."""
            return Response({"ok": True})

    @csrf_exempt
    def plain(request: HttpRequest) -> HttpResponse:
        """The same without DRF."""
        try:
            check_limit(PLAIN, request)
        except RateLimited as refused:
            return JsonResponse({"ok": False}, status=429, headers={"Retry-After": str(refused.retry_after)})
        return JsonResponse({"ok": True})

    urlpatterns = [path("limited", LimitedView.as_view()), path("plain", plain)]
