"""The same by the client that openapi-generator made."""

import json
import os
import sys
import uuid
from typing import Any

import count_client
from count_client.exceptions import ApiException

URL, TOKEN, BROWSER = os.environ["SITE"], os.environ["TOKEN"], os.environ["BROWSER"]


def client(token: str = "") -> Any:
    configuration = count_client.Configuration(host=URL)
    if token:
        configuration.api_key["serviceToken"] = token
        configuration.api_key_prefix["serviceToken"] = "Token"
    made = count_client.ApiClient(configuration)
    made.user_agent = BROWSER
    return made


def refused(call: Any, *args: Any, **more: Any) -> Any:
    """The error that the call raises, or what it answers."""
    try:
        return call(*args, **more)
    except ApiException as error:
        return error


public, service = client(), client(TOKEN)
stats, codetags = count_client.StatsApi(public), count_client.CodetagsApi(service)
tokens, billing = count_client.UsertokensApi(service), count_client.BillingApi(service)
Spend = count_client.SpendInputRequest
seen: dict[str, Any] = {}

seen["currency"] = stats.get_figures().currency.value
seen["visit"] = [stats.record_visit().reason for _ in range(2)]
seen["visit"] = [reason and reason.value for reason in seen["visit"]]
seen["hit"] = count_client.CodetagsApi(public).record_hit_by_get(code="DEMO").code
key = str(uuid.uuid4())
spends = [tokens.spend_tokens(Spend(amount=3, reason="article"), idempotency_key=key) for _ in range(2)]
seen["spent"] = [spent.spent for spent in spends]
seen["once"] = spends[0].transaction_id == spends[1].transaction_id
conflict = refused(tokens.spend_tokens, Spend(amount=4, reason="x"), idempotency_key=key)
assert isinstance(conflict.data, count_client.IdempotencyConflictError), conflict
seen["conflict"] = conflict.data.code.value
too_few = refused(tokens.spend_tokens, Spend(amount=10**9, reason="article"))
assert isinstance(too_few.data, count_client.BudgetExceededOrInsufficientTokensError), too_few
seen["too_few"] = [too_few.data.code.value, too_few.data.required, too_few.data.success]
wrong = refused(tokens.spend_tokens, Spend.model_construct(amount=0, reason="article"))
assert isinstance(wrong.data, count_client.InvalidBodyError), wrong
seen["wrong"] = [wrong.data.code.value, list(wrong.data.errors)]
hold = tokens.hold_tokens(count_client.HoldInputRequest(amount=10, ttl_seconds=60, reason="image"))
part = count_client.CaptureInputRequest(amount=7)
seen["captured"] = tokens.capture_hold(hold.id, capture_input_request=part).captured
seen["mood"] = tokens.set_mood(count_client.MoodInputRequest(score=8.5)).mood_score
amounts, before = [], None
while True:
    page = tokens.list_transactions(limit=2, before=before)
    amounts += [entry.amount for entry in page.results]
    before = page.next
    if before is None:
        break
seen["amounts"] = amounts
seen["codes"] = [code.code for code in codetags.list_codes().codes]
subscription = billing.get_subscription()
seen["subscription"] = [subscription.plan.value, subscription.pending]
stranger = refused(count_client.BillingApi(client("0" * 64)).get_subscription)
assert isinstance(stranger.data, count_client.UnauthorizedError), stranger
seen["stranger"] = stranger.data.code.value
sys.stdout.write(json.dumps(seen))
