"""How the description of the site's API says that callers are known. Imported when it is first asked for."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ServiceTokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call] # the package's hook has no types
    """Describes ServiceTokens as knox's own class is, under a name that says what they are."""

    target_class = "config.authentication.ServiceTokens"
    name = "serviceToken"


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # the package's hook has no types
    """A session's cookie; with a write also the CSRF token, as Django checks it."""

    target_class = "rest_framework.authentication.SessionAuthentication"
    name = ["sessionCookie", "csrfToken"]
    priority = 1

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Both for a write."""
        names = self.name if auto_schema.method in ("POST", "PUT", "PATCH", "DELETE") else self.name[:1]
        return {name: [] for name in names}

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        """The cookie and the header, by the names that the settings give them."""
        from django.conf import settings

        header = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-").title()
        header = {"X-Csrftoken": "X-CSRFToken"}.get(header, header)
        return [
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME, "description": "After a log-in."},
            {
                "type": "apiKey",
                "in": "header",
                "name": header,
                "description": f"With a session's writes: the value of the cookie `{settings.CSRF_COOKIE_NAME}`.",
            },
        ]
