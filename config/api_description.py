"""What the description of the API says about the site as a whole. Imported by the settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def package_version(root: Path) -> str:
    """The version that pyproject.toml in this directory names; "0" where there is none."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "0"
    return str(project.get("version", "0"))


def spectacular_settings(*, site_url: str, root: Path) -> dict[str, Any]:
    """SPECTACULAR_SETTINGS. site_url: where the API is. root: of the project, whose version is the API's."""
    return {
        "TITLE": "Countinghouse",
        "DESCRIPTION": "Counts and balances of one site.",
        "VERSION": package_version(root),
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
