"""The API of the figures of each day."""

from __future__ import annotations

from types import MappingProxyType

from django.http import HttpResponse
from rest_framework.request import Request

from kv.rest.codes import INVALID_INPUT, Code
from kv.rest.errors import Refusal
from kv.rest.schema import extend_schema, response
from kv.rest.views import OpenView
from stats.conf import app_settings
from stats.serializers import HistoryInput, HistoryOutput
from stats.services.history import fresh_history
from stats.views import answers, examples, lane

_CSV = "text/csv"
# As a caller may write them; the first is for callers who take any.
_TYPES = ["application/json", _CSV, f"{_CSV}; charset=utf-8"]
_AS_CSV = response({"type": "string"}, "The same as a table with a head, where Accept prefers it.")


class HistoryView(OpenView):
    """GET: the figures of the last days, from the memory of the process while they are fresh."""

    fast = MappingProxyType({"GET": lane.history})
    codes = (INVALID_INPUT, Code(404, "switched_off", "This site does not show it."))

    @extend_schema(
        operation_id="get_history",
        examples=examples.HISTORY,
        parameters=[HistoryInput],
        responses={(200, "application/json"): HistoryOutput, (200, _CSV): _AS_CSV},
    )
    def get(self, request: Request) -> HttpResponse:
        """Visitors, payment codes and the amount on them by day, oldest day first."""
        if not app_settings.STATS_PUBLIC_HISTORY:
            raise Refusal(404, "switched_off", "This site does not show its history.")
        form = HistoryInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        as_csv = (self.django_request.get_preferred_type(_TYPES) or "").startswith(_CSV)
        headers, body = answers.history(*fresh_history(form.validated_data["days"]), as_csv=as_csv)
        return HttpResponse(body, headers=headers)
