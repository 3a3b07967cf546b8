"""The project's own shape of an error."""

from typing import Any

from rest_framework.response import Response


def enveloped(error: Exception, context: Any) -> Response:
    return Response({"status": "error", "errors": [str(error)]}, status=getattr(error, "status_code", 500))
