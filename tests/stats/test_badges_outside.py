"""Badges held against those who make them: shields.io's own drawing, and its schema of an endpoint's JSON."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped] # brings no types
import pytest
from django.conf import settings as site

from stats import keys
from stats.services.badges import Badge, lay_out
from stats.services.figures import forget_figures
from tests.outside import package, program

if TYPE_CHECKING:
    from tests.site_client import SiteClient

FIGURES = ("visitors", "qr_total", "revenue_cents")
LANGUAGES = [code for code, _ in site.LANGUAGES]
#: What shields.io takes, from `services/endpoint-common.js` of github.com/badges/shields: it refuses any other field.
ENDPOINT = {
    "type": "object",
    "required": ["label", "message"],
    "additionalProperties": False,
    "properties": {
        "schemaVersion": {"const": 1},
        "label": {"type": "string"},
        "message": {"type": "string", "minLength": 1},
        **{name: {"type": "string", "minLength": 1} for name in ("color", "labelColor", "namedLogo", "style")},
        "isError": {"type": "boolean"},
        "cacheSeconds": {"type": "integer", "minimum": 0},
    },
}
#: Its smallest `cacheSeconds`: less is taken for this.
SHORTEST_SECONDS = 300
#: Draws each badge of a list with the package behind img.shields.io, which refuses what it does not know.
DRAW = """
const { makeBadge } = require(process.argv[1]);
process.stdout.write(JSON.stringify(JSON.parse(process.argv[2]).map((badge) => makeBadge(badge))));
"""


def drawn(badges: list[dict[str, str]]) -> list[str]:
    command = [program("node"), "-e", DRAW, str(package("badge-maker")), json.dumps(badges)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: list[str] = json.loads(done.stdout)
    return found


def said(client: SiteClient) -> list[dict[str, Any]]:
    return [client.get(f"/badge/{figure}.json?lang={code}").json() for figure in FIGURES for code in LANGUAGES]


@pytest.fixture(autouse=True)
def _counted(store: Any) -> None:
    store.mset({keys.visitors(): 1_234_567, keys.qr_total(): 4321, keys.revenue(): 99_999_999_999})
    forget_figures()


def test_the_json_is_what_shields_io_takes(client: SiteClient) -> None:
    for badge in said(client):
        jsonschema.validate(badge, ENDPOINT)
        assert badge["cacheSeconds"] >= SHORTEST_SECONDS


def test_shields_io_draws_it_in_its_colour(client: SiteClient) -> None:
    badges = [{name: badge[name] for name in ("label", "message", "color")} for badge in said(client)]
    for badge, picture in zip(badges, drawn(badges), strict=True):
        assert f'fill="{badge["color"]}"' in picture
        assert f"{badge['label']}: {badge['message']}" in picture


def test_our_picture_is_as_wide_as_theirs(client: SiteClient) -> None:
    """They know the width of each letter in Verdana; ours has two pixels more beside each text."""
    badges = [{name: badge[name] for name in ("label", "message")} for badge in said(client)]
    for badge, picture in zip(badges, drawn(badges), strict=True):
        theirs = float(picture.partition('width="')[2].partition('"')[0])
        last = lay_out(Badge(badge["label"], badge["message"]))[-1]
        assert -3 <= last.left + last.width - theirs <= 8, badge
