"""One example of each call, for the API's description."""

from kv.rest.schema import answered, sent

HIT = [sent({"code": "DEMO", "id": "9f2c1d04"}), answered({"code": "DEMO", "counted": True})]
_ROW = {
    "code": "DEMO",
    "label": "Poster at the station",
    "campaign": "Spring fair",
    "count": 42,
    "last_seen": "2026-11-28T18:30:00+00:00",
    "last_30_days": [*([0] * 28), 30, 12],
    "not_counted": {"repeat": 3, "bot": 7},
}
COUNTS = [
    answered(
        {
            "codes": [_ROW],
            "next": None,
        }
    )
]
DETAILS = [
    answered(
        {
            **_ROW,
            "days": [{"date": "2026-11-27", "count": 30}, {"date": "2026-11-28", "count": 12}],
            "placements": [{"at": "tram-12", "label": "Tram 12, inside", "count": 27}],
            "hours": [*([0] * 110), 30, *([0] * 23), 12, *([0] * 33)],
            "devices": {"phone": 36, "tablet": 1, "desktop": 5, "other": 0},
            "languages": {"fr": 30, "de": 9},
            "referrers": {"news.example.org": 6},
            "countries": {},
        }
    )
]
_POSTER = {
    "code": "BT26",
    "label": "Poster at the station",
    "note": "",
    "campaign": "Trade fair 2026",
    "start": "2026-05-01",
    "end": "2026-05-31",
    "archived": False,
    "counts_for": None,
}
REGISTRY = [answered({"codes": [_POSTER], "next": None})]
REGISTERED = [answered(_POSTER)]
REGISTER = [
    sent({"code": "BT26", "label": "Poster at the station", "campaign": "Trade fair 2026", "end": "2026-05-31"}),
    answered(_POSTER, 201),
]
CHANGE = [sent({"end": "2026-05-31"}), answered(_POSTER)]
IMPORT = [
    sent("code,label,campaign,start,end\nBT26,Poster,Trade fair 2026,2026-05-01,2026-05-31\n", "text/csv"),
    answered({"created": 1, "updated": 0, "errors": [{"row": 3, "errors": {"end": ["This is not a day."]}}]}),
]
