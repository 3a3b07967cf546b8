"""One example of each call, for the API's description."""

from kv.rest.schema import answered, sent

HIT = [sent({"code": "DEMO", "id": "9f2c1d04"}), answered({"code": "DEMO", "counted": True})]
COUNTS = [
    answered(
        {
            "codes": [
                {
                    "code": "DEMO",
                    "label": "Poster at the station",
                    "count": 42,
                    "last_seen": "2026-11-28T18:30:00+00:00",
                    "last_30_days": [*([0] * 28), 30, 12],
                    "not_counted": {"repeat": 3, "bot": 7},
                }
            ],
            "next": None,
        }
    )
]
