"""One example of each call, for the API's description."""

from kv.rest.schema import answered, sent

FIGURES = [answered({"visitors": 1204, "qr_total": 311, "revenue_cents": 1845050, "currency": "EUR"})]
VISIT = [answered({"counted": True, "visitors": 1205, "reason": None})]
PAYMENT_CODE = [
    sent({"amount_cents": 1250, "id": "order-17"}),
    answered({"counted": True, "qr_total": 312, "revenue_cents": 1846300}, 201),
    answered({"counted": False, "qr_total": 312, "revenue_cents": 1846300}, 200),
]
USE = [sent({"tool": "payment-qr", "id": "9f2c1d04"}), answered({"tool": "payment-qr", "count": 88})]
USAGE = [answered({"tools": [{"tool": "payment-qr", "count": 88}, {"tool": "ccn-image-optimiser", "count": 12}]})]
