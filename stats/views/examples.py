"""One example of each call, for the API's description."""

from kv.rest.schema import answered, sent

FIGURES = [answered({"visitors": 1204, "qr_total": 311, "revenue_cents": 1845050, "currency": "EUR"})]
HISTORY = [
    answered(
        {
            "days": [
                {"date": "2026-11-28", "visitors": 41, "qr": 9, "amount_cents": 51250},
                {"date": "2026-11-29", "visitors": 12, "qr": 2, "amount_cents": 7900},
            ]
        }
    )
]
VISIT = [answered({"counted": True, "visitors": 1205, "reason": None})]
PAYMENT_CODE = [
    sent({"amount_cents": 1250, "id": "order-17"}),
    answered({"counted": True, "qr_total": 312, "revenue_cents": 1846300}, 201),
    answered({"counted": False, "qr_total": 312, "revenue_cents": 1846300}, 200),
]
PAYMENT_ORDER = [
    sent(
        {
            "beneficiary": "Zoë & Söhne",
            "iban": "DE89370400440532013000",
            "amount_cents": 1250,
            "reference": "RF18539007547034",
        }
    ),
    answered(
        {
            "payload": "BCD\n002\n1\nSCT\n\nZoë & Söhne\nDE89370400440532013000\nEUR12.50\n\nRF18539007547034",
            "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="410px" height="410px" viewBox="0 0 410 410">…</svg>',
            "receipt": "WyJhYmMiLDEyNTAsMTc3Mzg0MDAwMF0:signature",
        }
    ),
]
USE = [sent({"tool": "payment-qr", "id": "9f2c1d04"}), answered({"tool": "payment-qr", "count": 88})]
USAGE = [answered({"tools": [{"tool": "payment-qr", "count": 88}, {"tool": "ccn-image-optimiser", "count": 12}]})]
