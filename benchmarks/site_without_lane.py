"""One web process of the site with the fast lane off: `python -m benchmarks.site_without_lane HOST PORT`."""

from __future__ import annotations

import sys


def main(host: str, port: int) -> None:
    """Serve as `config.web_worker` does."""
    from config import web_worker
    from config.wsgi import application
    from kv.web.lane.wsgi import WsgiLane

    assert isinstance(application.api, WsgiLane)
    application.api = application.api.application
    web_worker.main(host, port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
