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
seen["codes"] = [code.code for code in codetags.list_codes().codes][:1]
subscription = billing.get_subscription()
seen["subscription"] = [subscription.plan.value, subscription.pending]
stranger = refused(count_client.BillingApi(client("0" * 64)).get_subscription)
assert isinstance(stranger.data, count_client.UnauthorizedError), stranger
seen["stranger"] = stranger.data.code.value

Order = count_client.PaymentOrderInputRequest
order = Order(beneficiary="Zoë", iban="DE89370400440532013000", amount_cents=1250)
code = count_client.StatsApi(public).make_payment_code(order)
lines = code.payload.split("\n")
seen["payment"] = [lines[0], lines[7], code.svg.startswith("<svg")]
unpayable = refused(stats.make_payment_code, Order(beneficiary="Zoë", iban="DE89370400440532013001"))
assert isinstance(unpayable.data, count_client.InvalidBodyError), unpayable
seen["unpayable"] = [unpayable.data.code.value, list(unpayable.data.errors)]
days = stats.get_history(days=7).days
seen["history"] = [len(days), days[0].visitors]
# The call itself lets no such number through; what carries it does.
asked = public.param_serialize(
    method="GET", resource_path="/api/stats/history", query_params=[("days", 0)],
    header_params={"Accept": "application/json"},
)  # fmt: skip
answer = public.call_api(*asked)
answer.read()
no_days = refused(public.response_deserialize, answer, {"200": "HistoryOutput", "400": "InvalidInputError"})
assert isinstance(no_days.data, count_client.InvalidInputError), no_days
seen["no_days"] = [no_days.data.code.value, list(no_days.data.errors)]

Registry = count_client.RegistryInputRequest
made = codetags.register_code(registry_input_request=Registry(label="Poster"))
changed = codetags.change_code(made.code, registry_input_request=Registry(label="Flyer"))
read = codetags.get_registered_code(made.code)
listed = [one.code for one in codetags.list_registry(limit=100).codes]
seen["registered"] = [changed.label, read.label, made.code in listed]
twice = refused(codetags.register_code, registry_input_request=Registry(code=made.code, label="Poster"))
assert isinstance(twice.data, count_client.RegisterCodeConflictError), twice
seen["twice"] = twice.data.code.value
unregistered = refused(codetags.get_registered_code, "NONE")
assert isinstance(unregistered.data, count_client.NotFoundError), unregistered
seen["unregistered"] = unregistered.data.code.value
imported = codetags.import_codes(f"code,label\n{made.code},Leaflet\n")
wrong_rows = codetags.import_codes("code,label\n!,Leaflet\n").errors
seen["imported"] = [imported.created, imported.updated, [wrong.row for wrong in wrong_rows]]
sys.stdout.write(json.dumps(seen))
