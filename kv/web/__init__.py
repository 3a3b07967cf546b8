"""What pages and API views share: who calls, from where, how often, and text that comes in.

`fast_lane` is a short way for the busiest public calls: `application = fast_lane(application)` in `wsgi.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

__all__ = ["fast_lane"]


def fast_lane(application: Any, *, middleware: Sequence[str] | None = None, ignored: Collection[str] = ()) -> Any:
    """The application with a short way in front of it. For `wsgi.py` and `asgi.py`, behind `get_wsgi_application()`.

    It answers calls whose view offers an answer (`fast` of an `ApiView`), with the same services and the same bytes as
    the view behind Django's middleware, which takes three times as long. It takes over the host check, the headers of
    the middleware that it knows, the request's id and its count. Everything else goes to the application, untouched:
    other paths and methods; a session's cookie, credentials that a view does not ask for, a host that is not allowed,
    http where https is asked for, a body, a query or a header that the view does not expect; and all calls where
    MIDDLEWARE has something that it does not know. Where a limit is reached or the store is away, the view raises what
    the lane found, so that nothing is done twice.

    middleware: what the application's calls pass, dotted names, outermost first; by default settings.MIDDLEWARE.
    ignored:    names among them that need not see these calls, whatever they do to others.
    """
    from asgiref.sync import iscoroutinefunction

    # Here, since a project's wsgi.py imports this before it says where the settings are.
    from kv.web.lane.asgi import AsgiLane
    from kv.web.lane.lane import Lane
    from kv.web.lane.wsgi import WsgiLane

    lane = Lane(middleware=middleware, ignored=ignored)
    if iscoroutinefunction(application) or iscoroutinefunction(type(application).__call__):
        return AsgiLane(application, lane)
    return WsgiLane(application, lane)
