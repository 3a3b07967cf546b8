"""What the description of the site's API says beyond its views: the site's own refusals, and how callers are known."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from kv.rest import codes
from kv.rest.codes import Code, by_field

#: Before any view: see `config.bodies` and `config.error_responses`.
_ALWAYS = (
    by_field(400, "bad_request", "The request can't be understood, or names another host."),
    Code(503, "busy", "Too many requests are still on their way here; this one was not read."),
)
_WITH_BODY = (
    by_field(400, "incomplete_body", "The body did not arrive whole; nothing was done."),
    by_field(400, "unknown_transfer_coding", "Transfer-Encoding may be chunked and nothing else."),
    Code(408, "body_timeout", "The body took too long to arrive; nothing was done."),
    Code(411, "length_required", "A chunked body, where the server can't tell whether it is whole."),
)


def declare_codes() -> None:
    """Add the site's own codes to every operation; once, when the apps are ready."""
    for declared, more in ((codes.always, _ALWAYS), (codes.with_body, _WITH_BODY)):
        declared += [code for code in more if code not in declared]


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
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
