"""What the description of the API says about the site as a whole. Imported by the settings."""

from __future__ import annotations

from typing import Any

from kv.version import package_version


def spectacular_settings(*, site_url: str) -> dict[str, Any]:
    """SPECTACULAR_SETTINGS. site_url: where the API is."""
    return {
        "TITLE": "Countinghouse",
        "DESCRIPTION": "Counts and balances of one site.",
        "VERSION": package_version(),
        "LICENSE": {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"},
        "SERVERS": [{"url": site_url.rstrip("/"), "description": "This site."}],
        "TAGS": [
            {"name": "stats", "description": "Public numbers: visitors, payment codes, uses of tools."},
            {"name": "codetags", "description": "Campaign codes in links, and their counts."},
            {"name": "usertokens", "description": "What users do, and the tokens that they have and spend."},
            {"name": "billing", "description": "Plans and top-ups, paid with Stripe."},
            {"name": "session", "description": "What the writes of a session need."},
        ],
        "SERVE_INCLUDE_SCHEMA": False,
        "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
        "SERVE_AUTHENTICATION": [],
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "COMPONENT_SPLIT_REQUEST": True,
        "SCHEMA_PATH_PREFIX": "/api",
    }
