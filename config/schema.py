"""The site's own refusals, for the description of its API. How callers are known: `config.schema_callers`."""

from __future__ import annotations

from importlib import import_module

from kv.rest import codes
from kv.rest.codes import Code, by_field
from kv.rest.schema import when_described

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
    """Add the site's own codes to every operation, and how callers are known; when the apps are ready."""
    for declared, more in ((codes.always, _ALWAYS), (codes.with_body, _WITH_BODY)):
        declared += [code for code in more if code not in declared]
    when_described(lambda: import_module("config.schema_callers"))
