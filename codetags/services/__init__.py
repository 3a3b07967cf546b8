"""The app's logic. `__all__` is the public API, described in docs/codetags.md; everything else may change."""

from typing import TYPE_CHECKING

from kv.process.lazy import lazy_names

__all__ = [
    "aexclude_hit",
    "aget_code",
    "alist_codes",
    "alist_days",
    "allows",
    "amirror_registry",
    "aread_breakdown",
    "arecord_hit",
    "aregistered_codes",
    "areset_code",
    "draw_code_image",
    "exclude_hit",
    "get_code",
    "hide_small",
    "list_codes",
    "list_days",
    "mirror_registry",
    "parse_code",
    "read_audience",
    "read_breakdown",
    "read_link",
    "read_placement",
    "record_hit",
    "registered_codes",
    "reset_code",
]

if TYPE_CHECKING:
    from codetags.services.audiences import read_audience
    from codetags.services.breakdowns import aread_breakdown, hide_small, read_breakdown
    from codetags.services.code_images import draw_code_image
    from codetags.services.codes import parse_code, read_link
    from codetags.services.consent import allows
    from codetags.services.counts import aget_code, alist_codes, alist_days, get_code, list_codes, list_days
    from codetags.services.excluded_hits import aexclude_hit, exclude_hit
    from codetags.services.hits import arecord_hit, record_hit
    from codetags.services.placements import read_placement
    from codetags.services.registry import amirror_registry, aregistered_codes, mirror_registry, registered_codes
    from codetags.services.resets import areset_code, reset_code
else:
    _PLACES = {
        "audiences": ("read_audience",),
        "breakdowns": ("hide_small", "read_breakdown"),
        "code_images": ("draw_code_image",),
        "codes": ("parse_code", "read_link"),
        "consent": ("allows",),
        "counts": ("get_code", "list_codes", "list_days"),
        "excluded_hits": ("exclude_hit",),
        "hits": ("record_hit",),
        "placements": ("read_placement",),
        "registry": ("mirror_registry", "registered_codes"),
        "resets": ("reset_code",),
    }
    __getattr__, __dir__ = lazy_names(__name__, __all__, _PLACES)
