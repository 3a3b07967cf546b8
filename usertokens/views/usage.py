"""The API of usage: what tokens were spent on, by action and day."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from kv.rest.codes import INVALID_INPUT
from kv.rest.permissions import may
from kv.rest.schema import extend_schema, parameter
from usertokens.permissions import VIEW_ANY, VIEW_USAGE
from usertokens.serializers import TokenUsageOutput, UsageInput
from usertokens.services.usage import read_site_usage, read_usage
from usertokens.types import UsageReport
from usertokens.views import examples
from usertokens.views.base import FOR_USERS, UserTokensView

#: In `userId`: the whole site.
EVERYBODY = "*"
_QUERY = parameter(
    "userId",
    {"type": "string", "maxLength": 64},
    description="Another user, for callers with the permission; * is the whole site.",
)


class UsageView(UserTokensView):
    """GET: what was used, by action and day."""

    codes = (*FOR_USERS, INVALID_INPUT)

    @extend_schema(
        operation_id="get_usage", examples=examples.USAGE, parameters=[_QUERY, UsageInput], responses=TokenUsageOutput
    )
    def get(self, request: Request) -> Response:
        """Usage of a user, or with `userId=*` of the whole site."""
        form = UsageInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        days, asked = form.validated_data["days"], request.query_params.get("userId")
        if asked == EVERYBODY:
            if not may(request.user, VIEW_USAGE):
                self.permission_denied(request)
            report = read_site_usage(days)
        else:
            report = read_usage(self.subject(request, asked, VIEW_ANY), days)
        return Response(usage_body(report), headers={"Cache-Control": "no-store"})


def usage_body(report: UsageReport) -> dict[str, object]:
    """A report as the contract spells it."""
    return {
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "total": report.total,
        "actions": [
            {
                "action": one.action,
                "count": one.count,
                "quantity": one.quantity,
                "spent": one.spent,
                "days": list(one.days),
            }
            for one in report.actions
        ],
    }
