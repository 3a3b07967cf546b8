"""Operations by the client that openapi-python-client made; prints what it saw as one line of JSON."""

import json
import os
import sys
import uuid
from typing import Any

from count_client import AuthenticatedClient, Client
from count_client.api.billing import get_subscription
from count_client.api.codetags import (
    change_code,
    get_registered_code,
    list_codes,
    list_registry,
    record_hit_by_get,
    register_code,
)
from count_client.api.stats import get_figures, get_history, make_payment_code, record_visit
from count_client.api.usertokens import capture_hold, hold_tokens, list_transactions, set_mood, spend_tokens
from count_client.models import (
    BudgetExceededOrInsufficientTokensError,
    CaptureInputRequest,
    HoldInputRequest,
    IdempotencyConflictError,
    InvalidBodyError,
    InvalidInputError,
    MoodInputRequest,
    NotFoundError,
    PaymentOrderInputRequest,
    RegisterCodeConflictError,
    RegistryInputRequest,
    SpendInputRequest,
    UnauthorizedError,
)

URL, TOKEN, BROWSER = os.environ["SITE"], os.environ["TOKEN"], os.environ["BROWSER"]
public = Client(base_url=URL, headers={"User-Agent": BROWSER}, raise_on_unexpected_status=True)
service = AuthenticatedClient(base_url=URL, token=TOKEN, prefix="Token", raise_on_unexpected_status=True)
seen: dict[str, Any] = {}

seen["currency"] = get_figures.sync(client=public).currency.value
seen["visit"] = [record_visit.sync(client=public).reason for _ in range(2)]
seen["visit"] = [reason and reason.value for reason in seen["visit"]]
seen["hit"] = record_hit_by_get.sync(client=public, code="DEMO").code
key = str(uuid.uuid4())
spends = [
    spend_tokens.sync(client=service, body=SpendInputRequest(amount=3, reason="article"), idempotency_key=key)
    for _ in range(2)
]
seen["spent"] = [spent.spent for spent in spends]
seen["once"] = spends[0].transaction_id == spends[1].transaction_id
conflict = spend_tokens.sync(client=service, body=SpendInputRequest(amount=4, reason="x"), idempotency_key=key)
assert isinstance(conflict, IdempotencyConflictError), conflict
seen["conflict"] = conflict.code.value
too_few = spend_tokens.sync(client=service, body=SpendInputRequest(amount=10**9, reason="article"))
assert isinstance(too_few, BudgetExceededOrInsufficientTokensError), too_few
seen["too_few"] = [too_few.code.value, too_few.required, too_few.success]
wrong = spend_tokens.sync(client=service, body=SpendInputRequest(amount=0, reason="article"))
assert isinstance(wrong, InvalidBodyError), wrong
seen["wrong"] = [wrong.code.value, list(wrong.errors.to_dict())]
hold = hold_tokens.sync(client=service, body=HoldInputRequest(amount=10, ttl_seconds=60, reason="image"))
seen["captured"] = capture_hold.sync(hold.id, client=service, body=CaptureInputRequest(amount=7)).captured
seen["mood"] = set_mood.sync(client=service, body=MoodInputRequest(score=8.5)).mood_score
amounts, before = [], None
while True:
    page = list_transactions.sync(client=service, limit=2, **({"before": before} if before else {}))
    amounts += [entry.amount for entry in page.results]
    before = page.next_
    if before is None:
        break
seen["amounts"] = amounts
seen["codes"] = [code.code for code in list_codes.sync(client=service).codes][:1]
subscription = get_subscription.sync(client=service)
seen["subscription"] = [subscription.plan.value, subscription.pending]
stranger = get_subscription.sync(client=AuthenticatedClient(base_url=URL, token="0" * 64, prefix="Token"))
assert isinstance(stranger, UnauthorizedError), stranger
seen["stranger"] = stranger.code.value

order = PaymentOrderInputRequest(beneficiary="Zoë", iban="DE89370400440532013000", amount_cents=1250)
code = make_payment_code.sync(client=public, body=order)
lines = code.payload.split("\n")
seen["payment"] = [lines[0], lines[7], code.svg.startswith("<svg")]
order.iban = "DE89370400440532013001"
unpayable = make_payment_code.sync(client=public, body=order)
assert isinstance(unpayable, InvalidBodyError), unpayable
seen["unpayable"] = [unpayable.code.value, list(unpayable.errors.to_dict())]
days = get_history.sync(client=public, days=7).days
seen["history"] = [len(days), days[0].visitors]
no_days = get_history.sync(client=public, days=0)
assert isinstance(no_days, InvalidInputError), no_days
seen["no_days"] = [no_days.code.value, list(no_days.errors.to_dict())]

made = register_code.sync(client=service, body=RegistryInputRequest(label="Poster"))
changed = change_code.sync(made.code, client=service, body=RegistryInputRequest(label="Flyer"))
read = get_registered_code.sync(made.code, client=service)
listed = [one.code for one in list_registry.sync(client=service, limit=100).codes]
seen["registered"] = [changed.label, read.label, made.code in listed]
twice = register_code.sync(client=service, body=RegistryInputRequest(code=made.code, label="Poster"))
assert isinstance(twice, RegisterCodeConflictError), twice
seen["twice"] = twice.code.value
unregistered = get_registered_code.sync("NONE", client=service)
assert isinstance(unregistered, NotFoundError), unregistered
seen["unregistered"] = unregistered.code.value
sys.stdout.write(json.dumps(seen))
