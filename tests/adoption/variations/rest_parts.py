"""What projects put into REST_FRAMEWORK."""

from typing import Any

from rest_framework.response import Response


def own_errors(error: Exception, context: Any) -> Response:
    """Every error in an envelope of the project's own."""
    return Response({"status": "error", "message": str(error)}, status=418)
